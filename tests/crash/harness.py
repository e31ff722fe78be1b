"""
Let a script die for real, armed and limited, and read the report that a user would.

Each death is a process of its own in an empty folder. ``truth`` is what the script
itself says of its state (``TRUTH name value`` lines on standard output, the last one
counts), to hold the report against.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from kerascrash.cli.demo.limits import Limit, find_limit
from kerascrash.dump.reader import read_dump
from kerascrash.errors import DumpError

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = Path(__file__).resolve().parent / "scripts"
MIB = 1 << 20
_SEAL_SECONDS, _WORKERS_SECONDS = 60.0, 5.0
"""A busy machine takes its time; a worker that outlives its parent is never sealed."""
_LONGEST_SECONDS = 240.0


@dataclass
class Running:
    """A script at work, for an act that ends it."""

    process: subprocess.Popen[bytes]
    out: Path
    limit: Limit | None

    def wait_for(self, text: str) -> None:
        """Return once the script has printed ``text``; fail if it never does."""
        give_up = time.monotonic() + _LONGEST_SECONDS
        while text not in self.out.read_text(errors="replace"):
            assert self.process.poll() is None, f"ended before {text!r}"
            assert time.monotonic() < give_up, f"never said {text!r}"
            time.sleep(0.05)


@dataclass
class Death:
    """What was left: Popen's status, the dump (None when there is none), outputs."""

    status: int
    dump: Path | None
    folder: Path
    out: str
    err: str
    report: dict[str, Any] = field(default_factory=dict)

    @property
    def verdict(self) -> dict[str, Any]:
        verdict: dict[str, Any] = self.report["verdict"]
        return verdict

    @property
    def culprit(self) -> dict[str, Any]:
        culprit = self.verdict["culprit"]
        assert culprit is not None, self.verdict
        return dict(culprit)

    def truth(self, name: str) -> int:
        """Return the last number that the script said of ``name``."""
        rows = [
            row.split() for row in self.out.splitlines() if row.startswith("TRUTH ")
        ]
        return [int(row[2]) for row in rows if len(row) == 3 and row[1] == name][-1]

    def line(self, script: str, text: str) -> int:
        """Return the number of the script's only line that holds ``text``."""
        rows = (SCRIPTS / script).read_text(encoding="utf-8").splitlines()
        (number,) = [n for n, row in enumerate(rows, 1) if text in row]
        return number


def send(number: signal.Signals, after: str = "READY") -> Callable[[Running], None]:
    """Return an act: the signal, a second after the script has said ``after``."""

    def act(running: Running) -> None:
        running.wait_for(after)
        time.sleep(1.0)
        running.process.send_signal(number)

    return act


def let_die(
    script: str,
    folder: Path,
    *,
    limit_mib: int | None = None,
    act: Callable[[Running], None] | None = None,
    wrap: Sequence[str] = (),
    options: Sequence[str] = (),
    **environment: str,
) -> Death:
    """Run a script of ``scripts/`` until it is dead and sealed, and report on it."""
    limit = make_limit(limit_mib) if limit_mib else None
    out, err = folder / "out.txt", folder / "err.txt"
    argv = [*wrap, sys.executable, str(SCRIPTS / script)]
    try:
        with out.open("wb") as stdout, err.open("wb") as stderr:
            process = subprocess.Popen(
                limit.wrap(argv) if limit else argv,
                cwd=folder,
                env=_environment(folder, environment),
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                preexec_fn=limit.prepare if limit else None,
            )
            status = _wait(Running(process, out, limit), act)
        watched = environment.get("KERASCRASH_WATCHER") != "0"
        dump = wait_for_seal(folder / "dumps", _SEAL_SECONDS if watched else 1.0)
    finally:
        if limit:
            limit.clean_up()
    text = (out.read_text(errors="replace"), err.read_text(errors="replace"))
    death = Death(status, dump, folder, *text)
    if dump is not None:
        death.report = report_on(dump, *options)
    return death


def make_limit(mib: int) -> Limit:
    """Return a memory cgroup; skips where none can be made."""
    limit = find_limit(mib * MIB)
    if limit.changes:
        limit.clean_up()
        pytest.skip("no memory cgroup can be made here")
    return limit


def _environment(folder: Path, more: dict[str, str]) -> dict[str, str]:
    return {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "KERASCRASH_DIR": str(folder / "dumps"),
        "TF_CPP_MIN_LOG_LEVEL": "2",
        "PYTHONUNBUFFERED": "1",
        **more,
    }


def _wait(running: Running, act: Callable[[Running], None] | None) -> int:
    try:
        if act:
            act(running)
        return running.process.wait(timeout=_LONGEST_SECONDS)
    finally:
        if running.process.poll() is None:
            running.process.kill()
            running.process.wait()


def wait_for_seal(dumps: Path, longest_s: float = _SEAL_SECONDS) -> Path | None:
    """Return the main process's dump once it is sealed, or as it is after a while."""
    give_up = time.monotonic() + longest_s
    while True:
        found = sorted(dumps.glob("*.bin"), key=_size_of)
        sealed = [_is_sealed(path) for path in found]
        if sealed and sealed[-1]:
            give_up = min(give_up, time.monotonic() + _WORKERS_SECONDS)
        if all(sealed) or time.monotonic() > give_up:
            return found[-1] if found else None
        time.sleep(0.05)


def _is_sealed(path: Path) -> bool:
    try:
        return read_dump(path).certificate is not None
    except (DumpError, OSError):  # of a worker: it may be gone by now
        return False


def _size_of(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def report_on(dump: Path, *options: str, wrap: Sequence[str] = ()) -> dict[str, Any]:
    """Return the JSON report of a dump, made as a user makes it."""
    return ask("report", str(dump), "-o", "-", *options, wrap=wrap)


def ask(verb: str, *args: str, wrap: Sequence[str] = ()) -> dict[str, Any]:
    """Return what a verb says as JSON; ``wrap``: a command that runs it."""
    done = subprocess.run(
        [*wrap, sys.executable, "-m", "kerascrash", verb, *args, "--format", "json"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report
