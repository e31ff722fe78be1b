"""
Let a sample's script really die, and freeze what it left behind.

Each sample has a `make.py` with one constant `RECORDING`. The tests run it live, and
`python sample_dumps/recording.py [CASE…]` renews the frozen `dump.bin.gz` of the cases.
Needs Linux, TensorFlow, and root for the cases with a memory cgroup or a tmpfs.
"""

from __future__ import annotations

import fcntl
import gzip
import os
import resource
import runpy
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from kerascrash.cli.demo.limits import Limit, find_limit, remove_cgroup
from kerascrash.dump.reader import read_dump
from kerascrash.dump.sync_copy import SYNC_SUFFIX
from kerascrash.errors import DumpError

HERE = Path(__file__).resolve().parent
FROZEN_FOLDER = Path("/srv/training")  # a neutral place: its name ends up in the dump
_SEAL_SECONDS, _WATCHER_SECONDS = 10.0, 60.0


@dataclass
class Running:
    """A script at work, as an `act` sees it."""

    process: subprocess.Popen[bytes]
    folder: Path
    limit: Limit | None
    out: Path

    def wait_for(self, text: str, seconds: float = 90) -> None:
        """Return once the script has printed ``text``; raise TimeoutError otherwise."""
        deadline = time.monotonic() + seconds
        while text not in self.out.read_text(errors="replace"):
            if self.process.poll() is not None:
                raise RuntimeError(
                    f"ended with {self.process.returncode} before {text!r}"
                )
            if time.monotonic() > deadline:
                raise TimeoutError(text)
            time.sleep(0.05)


@dataclass(frozen=True)
class Leftovers:
    """What a death leaves: Popen's return code, the dump if any, the output files."""

    status: int
    dump: Path | None
    out: Path
    err: Path


def send(number: signal.Signals, after: str = "Epoch 4/") -> Callable[[Running], None]:
    """Return an act that sends a signal once the script has printed ``after``."""

    def act(running: Running) -> None:
        running.wait_for(after)
        time.sleep(1.0)
        running.process.send_signal(number)

    return act


@dataclass(frozen=True)
class Recording:
    """
    How a sample is made.

    ``script`` is relative to the sample's folder; ``limit`` in bytes puts it into a
    memory cgroup; ``shared`` mounts a tmpfs of that many bytes and names it in
    SHARED_FOLDER; ``tasks`` puts it into a pids cgroup of so many; ``rlimits`` maps
    ``resource.RLIMIT_…`` to a value; ``act`` does to the running script what ends it;
    ``slow`` keeps it out of CI; ``keep`` is the share of the dump's file that is left;
    ``own_machine``: it takes the machine along and is never run here.
    """

    folder: Path
    script: str = "train.py"
    limit: int | None = None
    shared: int | None = None
    tasks: int | None = None
    rlimits: Mapping[int, int] = field(default_factory=dict)
    act: Callable[[Running], None] | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 120
    slow: bool = False
    own_machine: bool = False
    keep: float = 1.0

    def run(
        self,
        place: Path,
        base: Mapping[str, str] = os.environ,
        wrap: Sequence[str] = (),
        **environment: str,
    ) -> Leftovers:
        """
        Run the script in the empty folder ``place`` until it is dead and sealed.

        ``wrap`` is a command that runs another (``setpriv …``).
        """
        if self.own_machine:
            raise SystemExit(f"{self.folder.name} dies in a virtual machine: tests/vm")
        script = shutil.copy(self.folder / self.script, place / "train.py")
        dumps = place / "kerascrash-dumps"
        env = {
            **base,
            "KERASCRASH_DIR": str(dumps),
            "TF_CPP_MIN_LOG_LEVEL": "1",
            "PYTHONUNBUFFERED": "1",
            **self.environment,
            **environment,
        }
        out, err = place / "train.out", place / "train.err"
        with ExitStack() as stack:
            if self.shared is not None:
                env["SHARED_FOLDER"] = str(_mount_tmpfs(place / "shared", self.shared))
                stack.callback(
                    subprocess.run, ["umount", place / "shared"], check=False
                )
            limit = find_limit(self.limit) if self.limit else None
            if self.tasks:
                limit = limit_tasks(self.tasks)
            if limit:
                stack.callback(limit.clean_up)
            argv = [*wrap, sys.executable, script]
            status = self._die(argv, env, limit, out, err)
        watched = env.get("KERASCRASH_WATCHER") != "0"
        dump = _wait_for_seal(dumps, _WATCHER_SECONDS if watched else _SEAL_SECONDS)
        if dump is not None:
            os.truncate(dump, int(dump.stat().st_size * self.keep))
        return Leftovers(status, dump, out, err)

    def _die(
        self,
        argv: list[str],
        env: Mapping[str, str],
        limit: Limit | None,
        out: Path,
        err: Path,
    ) -> int:
        with out.open("wb") as stdout, err.open("wb") as stderr:
            process = subprocess.Popen(
                limit.wrap(argv) if limit else argv,
                env=dict(env),
                cwd=out.parent,
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                preexec_fn=lambda: _prepare(limit, self.rlimits),
            )
        guard = threading.Timer(self.seconds, process.kill)
        guard.start()
        try:
            if self.act:
                self.act(Running(process, out.parent, limit, out))
            return process.wait()
        finally:
            guard.cancel()
            if process.poll() is None:
                process.kill()
                process.wait()


def _prepare(limit: Limit | None, rlimits: Mapping[int, int]) -> None:
    # A background job may have been made deaf to Ctrl-C, and under nohup to hang-ups.
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    for name, value in rlimits.items():
        resource.setrlimit(name, (value, value))
    if limit and limit.prepare:
        limit.prepare()


def _join(procs: Path) -> None:
    procs.write_text("0", encoding="ascii")


def limit_tasks(tasks: int) -> Limit:
    """Return a cgroup of at most so many tasks; raises OSError where none is made."""
    v1 = Path("/sys/fs/cgroup/pids")
    root = v1 if v1.is_dir() else Path("/sys/fs/cgroup")
    folder = root / f"kerascrash-tasks-{os.getpid()}"
    folder.mkdir()
    try:
        (folder / "pids.max").write_text(str(tasks), encoding="ascii")
    except OSError:
        folder.rmdir()
        raise
    procs = folder / "cgroup.procs"
    return Limit(
        how=f"a pids cgroup of its own ({folder})",
        changes="",
        prepare=lambda: _join(procs),
        clean_up=lambda: remove_cgroup(folder),
    )


def _mount_tmpfs(folder: Path, size: int) -> Path:
    folder.mkdir()
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], check=True
    )
    return folder


def _wait_for_seal(dumps: Path, seconds: float) -> Path | None:
    """Return the main script's dump once nothing is written to it any more."""
    begun = time.monotonic()
    while True:
        found = sorted(dumps.glob("*.bin"))
        # The main script's dump is the largest; its workers' rings are small.
        main = max(found, key=lambda p: p.stat().st_size, default=None)
        waited = time.monotonic() - begun
        unsealed = [dump for dump in found if not _is_sealed(dump)]
        late = waited > (seconds if main in unsealed else _SEAL_SECONDS)
        if not unsealed or late:
            return main
        time.sleep(0.05)


def _is_sealed(dump: Path) -> bool:
    """Tell whether it is durable: until then its copy is read beside it."""
    if Path(f"{dump}{SYNC_SUFFIX}").exists():
        return False
    try:
        return read_dump(str(dump)).certificate is not None
    except DumpError:
        return False


def freeze(recording: Recording) -> None:
    """Make the sample anew: run it in a neutral folder and keep its dump compressed."""
    place = FROZEN_FOLDER if os.access(FROZEN_FOLDER.parent, os.W_OK) else None
    with tempfile.TemporaryDirectory() as spare, ExitStack() as stack:
        target = place or Path(spare)
        if place:  # one at a time: they share the folder
            lock = stack.enter_context(place.with_suffix(".lock").open("w"))
            fcntl.flock(lock, fcntl.LOCK_EX)
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        # Nothing of this machine's environment belongs into a published dump.
        left = recording.run(target, base={"PATH": os.defpath, "LANG": "C.UTF-8"})
        if left.dump is None:
            raise SystemExit(
                f"{recording.folder.name}: no dump was left (status {left.status})"
            )
        packed = gzip.compress(left.dump.read_bytes(), 9, mtime=0)
        (recording.folder / "dump.bin.gz").write_bytes(packed)
        print(f"{recording.folder.name}: status {left.status}, {len(packed):,} bytes")
        shutil.rmtree(target, ignore_errors=True)


def load_recording(make: Path) -> Recording:
    """Return the RECORDING of a sample's `make.py`."""
    sys.path.insert(0, str(HERE))
    try:
        recording = runpy.run_path(str(make))["RECORDING"]
    finally:
        sys.path.remove(str(HERE))
    return cast("Recording", recording)


def find_makes() -> list[Path]:
    """Return the `make.py` of every sample and control, sorted."""
    return sorted(HERE.rglob("make.py"))


if __name__ == "__main__":
    for make in find_makes():
        if not sys.argv[1:] or make.parent.name in sys.argv[1:]:
            freeze(load_recording(make))
