"""The companion process: a real one watches a small process that really dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from glob import glob

from kerascrash.cli.doctor._check import Check, Result
from kerascrash.dump.layout import SMALLEST_SIZE
from kerascrash.dump.reader import read_dump
from kerascrash.errors import DumpError

_SCRIPT = """import kerascrash.arm, sys, time
print("armed", flush=True)
time.sleep(60)
"""
_START_S = 0.5
_PATIENCE_S = 10.0
_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(__file__))))
_MEANING = (
    "The dump alone carries a case: no samples from outside, no exit status, no kernel "
    "lines of the moment."
)


def _examine() -> Result | None:
    if sys.platform != "linux":
        return None
    with tempfile.TemporaryDirectory(prefix="kerascrash-doctor-") as folder:
        died, said = _let_die(folder)
        certificate = _wait_for_seal(folder)
    if certificate is None:
        found = f"none sealed the dump of a trial run{': ' + said if said else ''}"
        command = "KERASCRASH_KEEP=always python -c 'import kerascrash.arm'"
        return Result("missing", found, _MEANING, command)
    status, sealed = certificate
    took = f"{1000 * (sealed - died):.0f} ms after a trial death"
    return Result("ok", f"it sealed {took} (status known by: {status})")


def _let_die(folder: str) -> tuple[float, str]:
    """Arm a process, kill it, and return when and what it complained of."""
    script = os.path.join(folder, "trial.py")
    with open(script, "w", encoding="ascii") as file:
        file.write(_SCRIPT)
    process = subprocess.Popen(
        [sys.executable, script],
        cwd=folder,
        env={
            **os.environ,
            "KERASCRASH": "1",
            "KERASCRASH_DIR": folder,
            "KERASCRASH_SIZE": str(SMALLEST_SIZE),
            "KERASCRASH_WATCHER": "1",
            "PYTHONPATH": os.pathsep.join(
                part for part in (_ROOT, os.environ.get("PYTHONPATH")) if part
            ),
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(_START_S)  # the watcher starts beside it
    died = time.time()
    process.send_signal(signal.SIGKILL)
    _, said = process.communicate()
    return died, said.decode("utf-8", "replace").strip()[-200:]


def _wait_for_seal(folder: str) -> tuple[str, float] | None:
    give_up = time.monotonic() + _PATIENCE_S
    while time.monotonic() < give_up:
        for dump in glob(os.path.join(folder, "*.bin")):
            try:
                certificate = read_dump(dump).certificate
            except DumpError:
                continue
            if certificate:
                known_by = certificate.get("exit", {}).get("known_by", "unknown")
                return str(known_by), float(certificate.get("sealed", 0.0))
        time.sleep(0.05)
    return None


CHECK = Check("watcher", "watcher", "dump", _examine)
