"""Targets that are watched and die, and what is left of them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from kerascrash.dump.reader import read_dump
from kerascrash.errors import KerascrashError

ROOT = Path(__file__).resolve().parents[3]
TARGET = Path(__file__).with_name("target.py")
PATIENCE_S = 20.0
Certificate = dict[str, Any]


def wait_for(condition: Callable[[], Any], what: str) -> Any:
    """Return the condition's first true value."""
    give_up = time.monotonic() + PATIENCE_S
    while time.monotonic() < give_up:
        found = condition()
        if found:
            return found
        time.sleep(0.01)
    raise AssertionError(f"in vain: {what}")


def find_processes(mark: str) -> list[int]:
    """Return the pids of live processes that have ``mark`` in their command line."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if mark.encode() in command and int(folder.name) != os.getpid():
            found.append(int(folder.name))
    return found


class Watched:
    """One dump, the process that makes it, and its companion."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.dump = folder / "target.bin"
        self.python = sys.executable

    def command(self, body: str) -> list[str]:
        return [self.python, str(TARGET), str(self.dump), body]

    def run(self, body: str, **options: Any) -> subprocess.CompletedProcess[str]:
        """Run the target to its end."""
        options = {"capture_output": True, "text": True, "timeout": 60} | options
        return subprocess.run(self.command(body), check=False, **options)

    def start(self, body: str, **options: Any) -> subprocess.Popen[str]:
        """Start the target and wait until its companion is there."""
        options = {"stdout": subprocess.PIPE, "text": True} | options
        process = subprocess.Popen(self.command(body), **options)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        return process

    def companions(self) -> list[int]:
        return [p for p in find_processes(str(self.dump)) if is_companion(p)]

    def companion(self) -> int:
        (pid,) = wait_for(self.companions, "a companion")
        return int(pid)

    def certificate(self) -> Certificate:
        """Wait for the certificate and return it."""
        return wait_for(self._certificate, "a certificate")  # type: ignore[no-any-return]

    def _certificate(self) -> Certificate | None:
        try:
            return read_dump(str(self.dump)).certificate
        except (KerascrashError, OSError):
            return None

    def wait_for_silence(self) -> None:
        """Wait until no process of ours is left."""
        wait_for(lambda: not find_processes(str(self.dump)), "an end of all processes")


def is_companion(pid: int) -> bool:
    """Tell whether a process is a companion that has left its intermediate."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
    return b"start.py" in command


@pytest.fixture
def watched() -> Iterator[Watched]:
    """A target in a folder that every user may reach; nothing of it survives."""
    with tempfile.TemporaryDirectory(prefix="kerascrash-test-") as name:
        folder = Path(name)
        folder.chmod(0o777)
        case = Watched(folder)
        yield case
        for pid in find_processes(str(case.dump)):
            os.kill(pid, signal.SIGKILL)


@pytest.fixture
def memory_cgroup() -> Iterator[Callable[[int], Path]]:
    """Make memory cgroups with a limit in bytes; skips where that is not allowed."""
    made: list[Path] = []

    def make(limit: int) -> Path:
        v1 = Path("/sys/fs/cgroup/memory")
        root, name = (v1, "memory.limit_in_bytes") if v1.is_dir() else _v2()
        folder = root / f"kerascrash-test-{os.getpid()}-{len(made)}"
        try:
            folder.mkdir()
            made.append(folder)
            (folder / name).write_text(str(limit))
        except OSError as error:
            pytest.skip(f"no memory cgroup can be made here: {error}")
        return folder

    yield make
    for folder in made:
        wait_for(lambda f=folder: _remove(f), f"removal of {folder}")


def _v2() -> tuple[Path, str]:
    return Path("/sys/fs/cgroup"), "memory.max"


def _remove(folder: Path) -> bool:
    try:
        folder.rmdir()
    except OSError:
        return not folder.exists()
    return True


def run_on_terminal(command: list[str], folder: Path, environ: dict[str, str]) -> str:
    """Run a command as the child of a session leader on a terminal; return the text."""
    import pty
    import select

    pid, master = pty.fork()
    if pid == 0:
        os.chdir(folder)
        done = subprocess.run(command, env=environ, check=False)
        os.write(1, b"[status %d]" % done.returncode)
        os.read(0, 1)  # a shell stays when its command has died
        os._exit(0)
    text, give_up = b"", time.monotonic() + PATIENCE_S
    while time.monotonic() < give_up:
        if select.select([master], [], [], 0.5)[0]:
            text += os.read(master, 65536)
        elif b"[status" in text and not find_processes(command[-2]):
            break
    os.write(master, b"\n")
    os.waitpid(pid, 0)
    os.close(master)
    return text.decode(errors="replace")


@pytest.fixture
def terminal(watched: Watched) -> Callable[..., str]:
    """Run a target on a terminal and return what stands there in the end."""

    def run(body: str, **settings: str) -> str:
        command = watched.command(body)
        return run_on_terminal(command, watched.folder, {**os.environ, **settings})

    return run
