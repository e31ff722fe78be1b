"""The process that asks NVML, as the watcher sees it: started, listened to, killed."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import time

from kerascrash.probes.gpu_nvml import LIBRARY, NO_DEVICE

TYPE_CHECKING = False  # importing typing would cost the companion 1 MiB
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "nvml_child.py")
_CACHE = "/etc/ld.so.cache"
_FOLDERS = ("/usr/lib64", "/usr/lib", "/lib64", "/usr/lib/wsl/lib")
_PIECE = 65536
_REAP_S = 0.02


def has_library(environ: Mapping[str, str]) -> bool:
    """Tell whether the dynamic linker would find NVML; starts and loads nothing."""
    folders = environ.get("LD_LIBRARY_PATH", "").replace(";", ":").split(":")
    for folder in (*folders, *_FOLDERS):
        if folder and os.path.exists(os.path.join(folder, LIBRARY)):
            return True
    try:
        with open(_CACHE, "rb") as file:
            return LIBRARY.encode() in file.read()
    except OSError:
        return False


class NvmlProcess:
    """
    One run of the script; ``at`` is the (device, call) that it began last.

    Raises OSError when it cannot be started.
    """

    def __init__(self, target: int, silent: Iterable[int]) -> None:
        self.at = (NO_DEVICE, "the start")
        self.ended = False
        self.heard = time.monotonic()
        self._rest = b""
        self._fd, theirs = os.pipe2(os.O_CLOEXEC)
        os.set_blocking(self._fd, False)
        command = [sys.executable, "-I", SCRIPT, *map(str, (target, *silent))]
        actions = [
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_DUP2, theirs, 1),
            (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
        ]
        try:
            self._pid = os.posix_spawn(
                command[0], command, os.environ, file_actions=actions, setsigmask=[]
            )
        except BaseException:
            os.close(self._fd)
            raise
        finally:
            os.close(theirs)

    def read(self) -> list[dict[str, Any]]:
        """Return what it has said since the last time; never waits."""
        messages = []
        for line in self._read_lines():
            if line.startswith(b"."):
                device, _, call = line[1:].decode().partition(" ")
                self.at = (int(device), call)
            else:
                messages.append(json.loads(line))
        return messages

    def _read_lines(self) -> list[bytes]:
        data = [self._rest]
        while not self.ended:
            try:
                piece = os.read(self._fd, _PIECE)
            except BlockingIOError:
                break
            if not piece:
                self.end()
            data.append(piece)
            self.heard = time.monotonic()
        *lines, self._rest = b"".join(data).split(b"\n")
        return lines

    def end(self) -> None:
        """
        Kill and reap it; one that is stuck in the kernel is left behind.

        Until it is reaped, which only this thread does, the pid is its own.
        """
        if self.ended:
            return
        self.ended = True
        os.close(self._fd)
        with contextlib.suppress(OSError):
            os.kill(self._pid, signal.SIGKILL)
        give_up = time.monotonic() + _REAP_S
        with contextlib.suppress(ChildProcessError):
            while not os.waitpid(self._pid, os.WNOHANG)[0]:
                if time.monotonic() > give_up:
                    break
                time.sleep(0.001)
