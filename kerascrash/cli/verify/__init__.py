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
from kerascrash.estimate.backend import keras_backend
from kerascrash.estimate.batch_copies import is_given_a_dataset
from kerascrash.estimate.timeline import recording_of
from kerascrash.model.case import Case, Recording
from kerascrash.units import format_bytes

SECONDS = 900
_CHILD = Path(__file__).with_name("child.py")


def verify_fit(
    case: Case, facts: Mapping[str, Any], batch: int | None = None
) -> dict[str, Any]:
    """
    Try a batch under the limit of the forecast, by default the one that it recommends.

    Returns {"batch_size", "ran", "fitted" (null if not tried), "peak_bytes" (resident),
    "charged_bytes" (what of the peak the limit counts), "text"}.
    """
    limit, reason = facts["limit_bytes"], facts["reason"]
    batch = batch or (facts["largest_batch"] or {}).get("batch_size")
    plan = _plan(case, batch)
    if isinstance(plan, str):
        return _result(batch, None, f"Not tried: {plan}.")
    if not limit or not batch:
        why = reason if limit and reason else "no limit is known"
        return _result(batch, None, f"Not tried: {why}.")
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
        return _result(batch, None, f"Not told: still running after {SECONDS} s.")
    finally:
        held.clean_up()
    return _told(done, batch, f"under {format_bytes(limit)}, by {held.how}")


def _told(
    done: subprocess.CompletedProcess[str], batch: int, limited: str
) -> dict[str, Any]:
    """Return what became of the child."""
    tried = f"Tried batch {batch:,} {limited}"
    if done.returncode == 0:
        seen = json.loads(done.stdout.splitlines()[-1])
        text = f"{tried}: it ran and needed {format_bytes(seen['charged'])}."
        return _result(batch, True, text, seen["peak"], seen["charged"])
    if done.returncode in (-9, 137) or "MemoryError" in done.stderr:
        return _result(batch, False, f"{tried}: it died of the limit.")
    last = (done.stderr.strip().splitlines() or ["no message"])[-1]
    return _result(batch, None, f"Not told: the rebuilt model failed: {last}.")


def _result(
    batch: int | None,
    fitted: bool | None,
    text: str,
    peak: int | None = None,
    charged: int | None = None,
) -> dict[str, Any]:
    return {
        "batch_size": batch,
        "ran": fitted is not None,
        "fitted": fitted,
        "peak_bytes": peak,
        "charged_bytes": charged,
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
    name = keras_backend(recording_of(case))
    return {**os.environ, **({"KERAS_BACKEND": name} if name else {})}
