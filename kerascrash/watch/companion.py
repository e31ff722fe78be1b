"""The companion process: watches one target until it ends, then seals and goes."""

from __future__ import annotations

import math
import os
import select
import signal

from kerascrash.dump.clock import now_ns
from kerascrash.dump.watcher_writer import open_watcher_writer
from kerascrash.watch.announce import ask_verdict, print_to_terminal
from kerascrash.watch.observer import Observer
from kerascrash.watch.rendezvous import hand_over
from kerascrash.watch.seal import discard, ended_well, keeps_always, seal

TYPE_CHECKING = False  # importing typing would cost the companion 1 MiB
if TYPE_CHECKING:
    from collections.abc import Mapping

    from kerascrash.dump.watcher_writer import WatcherWriter

_GRACE_NS = 2_000_000_000
"""Schedulers end a whole job with SIGTERM: so long the target may take to follow."""


class Companion:
    """Drives an observer; ``settings`` are the ``KERASCRASH_…`` of the target."""

    def __init__(self, writer: WatcherWriter, settings: Mapping[str, str]) -> None:
        self._settings = settings
        self._leave_at = 0
        signal.signal(signal.SIGTERM, self._on_sigterm)
        for ignored in (signal.SIGHUP, signal.SIGINT, signal.SIGPIPE):
            signal.signal(ignored, signal.SIG_IGN)
        self._observer = Observer(writer)

    def run(self) -> None:
        """Watch until the target ends, the dump is deleted, or we are told to go."""
        if self._observer.target.gone or self._watch():
            self._finish(now_ns())
        else:
            self._observer.sync.remove()

    def _on_sigterm(self, *_: object) -> None:
        self._leave_at = self._leave_at or now_ns() + _GRACE_NS

    def _watch(self) -> bool:
        """Return True when the target ended, False when there is no use in staying."""
        observer = self._observer
        poll = select.poll()
        if observer.target.pidfd >= 0:
            poll.register(observer.target.pidfd, select.POLLIN)
        for fd in observer.wakers.fds:
            poll.register(fd, observer.wakers.EVENTS)
        while True:
            wait_s = observer.step()
            for fd, _ in poll.poll(math.ceil(wait_s * 1000)):
                if fd == observer.target.pidfd:
                    return True
                observer.wake(fd)
                if fd not in observer.wakers.fds:
                    poll.unregister(fd)
            if observer.target.pidfd < 0 and not observer.target.is_alive():
                return True
            if self._leave_at and now_ns() > self._leave_at:
                return False
            if not observer.dump_exists():
                return False

    def _finish(self, death_ns: int) -> None:
        observer = self._observer
        status = observer.target.read_exit()
        clean = ended_well(observer.writer.state(), status)
        if clean and not keeps_always(self._settings):
            discard(observer)
            return
        environment = observer.environment()
        path = seal(observer, status, death_ns)
        stderr = environment.get("stderr")
        quiet = self._settings.get("KERASCRASH_QUIET", "").strip().lower()
        silent = quiet not in ("", "0", "false", "no", "off")
        if clean or silent or not isinstance(stderr, dict):
            return
        if stderr.get("kind") == "tty":
            cwd = str(environment.get("cwd") or "/")
            print_to_terminal(ask_verdict(path, cwd, os.environ), stderr)


def watch_dump(path: str, settings: Mapping[str, str]) -> None:
    """Watch the process that writes the dump at ``path``; returns when it ended."""
    try:
        writer = open_watcher_writer(path)
    except (OSError, ValueError):
        return
    if hand_over(int(writer.header().get("ppid") or 0), writer.path):
        return  # `kerascrash run` is the parent, and the better witness
    Companion(writer, settings).run()
