"""
Try a forecast: the recorded model, rebuilt, takes real steps under the limit.

The model comes from its recorded config (Keras' own layers only, so that no code of a
dump is run), with its optimizer's settings and the loss, where that is Keras' own too,
else the mean squared error; inputs and targets are synthetic, of the recorded shapes,
and come as arrays or out of a ``tf.data`` chain, whichever the training was given.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kerascrash.cli.demo.limits import find_limit
from kerascrash.estimate.batch_copies import is_given_a_dataset
from kerascrash.estimate.timeline import recording_of
from kerascrash.model.case import Case, Recording
from kerascrash.units import format_bytes

SECONDS = 900
_CHILD = Path(__file__).with_name("child.py")


def verify_fit(case: Case, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return {"ran", "fitted", "peak_bytes", "text"}; ``fitted`` null if not tried."""
    limit, batch = facts["limit_bytes"], facts["batch_size"]
    plan = _plan(case, batch)
    if isinstance(plan, str) or not limit:
        why = plan if isinstance(plan, str) else "no limit is known"
        return _result(None, None, f"Not tried: {why}.")
    held = find_limit(limit)
    try:
        done = subprocess.run(
            held.wrap([sys.executable, str(_CHILD)]),
            input=json.dumps(plan),
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
            preexec_fn=held.prepare,
            env=_backend(case),
        )
    except subprocess.TimeoutExpired:
        return _result(None, None, f"Not told: still running after {SECONDS} s.")
    finally:
        held.clean_up()
    room = f"batch {batch:,} under {format_bytes(limit)} ({held.how})"
    if done.returncode == 0:
        peak = json.loads(done.stdout.splitlines()[-1])["peak"]
        return _result(True, peak, f"Tried {room}: it ran, peak {format_bytes(peak)}.")
    if done.returncode in (-9, 137) or "MemoryError" in done.stderr:
        return _result(False, None, f"Tried {room}: it died of the limit.")
    last = (done.stderr.strip().splitlines() or ["no message"])[-1]
    return _result(None, None, f"Not told: the rebuilt model failed: {last}.")


def _result(fitted: bool | None, peak: int | None, text: str) -> dict[str, Any]:
    return {
        "ran": fitted is not None,
        "fitted": fitted,
        "peak_bytes": peak,
        "text": text,
    }


def _plan(case: Case, batch: int | None) -> dict[str, Any] | str:
    """Return what the child needs, or why it cannot be done."""
    recording = recording_of(case)
    if importlib.util.find_spec("keras") is None:
        return "Keras is not installed here"
    rows = recording.models.get("models") if recording else None
    for row in rows or ():
        optimizer = row.get("optimizer")
        if optimizer and isinstance(row.get("config"), Mapping):
            inputs, targets = _shapes(recording)
            return {
                "class": row.get("class"),
                "config": row["config"],
                "optimizer": {
                    "class": optimizer.get("class"),
                    "settings": _settings(optimizer),
                },
                "loss": row.get("loss"),
                "run_eagerly": bool(row.get("run_eagerly")),
                "jit_compile": bool(row.get("jit_compile")),
                "steps_per_execution": row.get("steps_per_execution") or 1,
                "batch": batch,
                "dataset": recording is not None and is_given_a_dataset(recording),
                "inputs": inputs,
                "targets": targets,
            }
    return "the model's config was not recorded (a subclassed model, or none at all)"


def _settings(optimizer: Mapping[str, Any]) -> dict[str, Any]:
    """Return the optimizer's settings that are not its defaults."""
    settings = optimizer.get("settings") or {}
    return {name: value for name, value in settings.items() if value}


def _shapes(recording: Recording | None) -> tuple[list[Any], list[Any]]:
    """Return [shape, dtype] of inputs and targets as the last batch had them."""
    rows = (recording.models.get("batches") or ()) if recording else ()
    parts = rows[-1].get("shapes") or () if rows else ()
    found: dict[str, list[Any]] = {"x": [], "y": []}
    for part in parts:
        name = str(part[0])[:1]
        if len(part) >= 3 and name in found and isinstance(part[1], list):
            found[name].append([part[1], str(part[2])])
    return found["x"], found["y"]


def _backend(case: Case) -> dict[str, str]:
    """Return the environment in which Keras runs on the backend that was recorded."""
    recording = recording_of(case)
    told = (recording.environment.get("env") or {}) if recording else {}
    name = told.get("KERAS_BACKEND")
    return {**os.environ, **({"KERAS_BACKEND": str(name)} if name else {})}
