"""Runs one command to its end as its parent, and seals its dump."""

from __future__ import annotations

import math
import os
import select
import signal
import time

from kerascrash.dump.clock import now_ns
from kerascrash.dump.watcher_writer import open_watcher_writer
from kerascrash.probes.children_linux import find_descendants
from kerascrash.watch import libc, rendezvous
from kerascrash.watch.announce import ask_verdict
from kerascrash.watch.child import Signals, exit_code_of, pass_on, start_child
from kerascrash.watch.exit_status import ExitStatus
from kerascrash.watch.observer import Observer
from kerascrash.watch.seal import discard, ended_well, keeps_always, seal
from kerascrash.watch.stderr_capture import open_capture

TYPE_CHECKING = False  # importing typing would cost the companion 1 MiB
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

_LATE_NEWS_S = 1.0


class Supervisor:
    """Parent and watcher of one command."""

    def __init__(self, command: Sequence[str], environ: Mapping[str, str]) -> None:
        self._command = command
        self._environ = environ
        self._observer: Observer | None = None
        self._next_step = 0.0
        self._status: int | None = None
        self._usage: dict[str, float] = {}
        self._death_ns = 0
        self._child = 0
        self._poll = select.poll()
        self._on: dict[int, Callable[[], None]] = {}

    def run(self) -> int:
        """Return the exit code to leave with."""
        libc.become_subreaper()
        self._signals = Signals()
        self._capture = open_capture()
        self._listen()
        stderr_fd = self._capture.child_fd if self._capture else -1
        environ = {**self._environ, "KERASCRASH": "1"}
        environ["KERASCRASH_RUN"] = str(os.getpid())  # a module is armed at once, too
        if self._capture and self._capture.guarded_fd >= 0:
            guard = f"{os.getpid()}:{self._capture.guarded_fd}"
            environ["KERASCRASH_STDERR_GUARD"] = guard
        self._child = start_child(self._command, environ, stderr_fd, self._signals)
        self._add(self._signals.fd, self._take_signals)
        if self._capture:
            self._add(self._capture.fd, self._capture.pump)
        while self._status is None:
            self._turn()
        self._await_news()
        return self._finish(self._status)

    def _listen(self) -> None:
        try:
            self._place = rendezvous.listen()
        except OSError:
            return  # a companion will watch as if we were not here
        self._add(self._place.fileno(), self._meet)

    def _add(self, fd: int, callback: Callable[[], None]) -> None:
        self._on[fd] = callback
        self._poll.register(fd, select.POLLIN)

    def _turn(self) -> None:
        """Wait for the next event or sample, and handle it."""
        wait_ms = -1
        if self._observer:
            left = self._next_step - time.monotonic()
            wait_ms = max(math.ceil(left * 1000), 0)
        busy = self._capture is not None and bool(self._capture.outlet.pending)
        if busy and self._capture:
            # A full outlet: wait for room there instead of for more text.
            self._poll.modify(self._capture.fd, 0)
            self._poll.register(self._capture.outlet.fd, select.POLLOUT)
        for fd, _ in self._poll.poll(wait_ms):
            if fd in self._on:
                self._on[fd]()
            elif self._observer and fd in self._observer.wakers.fds:
                self._observer.wake(fd)
                self._next_step = 0.0
                if fd not in self._observer.wakers.fds:
                    self._poll.unregister(fd)  # its cgroup is gone
            elif self._capture:
                self._capture.pump()
        if busy and self._capture:
            self._poll.unregister(self._capture.outlet.fd)
            self._poll.modify(self._capture.fd, select.POLLIN)
        if self._observer and time.monotonic() >= self._next_step:
            self._next_step = time.monotonic() + self._observer.step()

    def _take_signals(self) -> None:
        for number, from_terminal in self._signals.take():
            if number == signal.SIGCHLD:
                self._reap()
                continue
            if number == signal.SIGWINCH and self._capture:
                self._capture.resize()
            if self._status is None:
                pass_on(number, from_terminal, self._child)

    def _reap(self) -> None:
        """Reap the child, and the orphans that became ours."""
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid == self._child:
                self._death_ns = now_ns()
                self._status = status
                self._usage = {
                    "max_rss": usage.ru_maxrss * 1024,
                    "user_s": usage.ru_utime,
                    "system_s": usage.ru_stime,
                    "major_faults": usage.ru_majflt,
                }

    def _meet(self) -> None:
        """A dump was handed to us: observe it if it is the child's own."""
        path = rendezvous.receive(self._place)
        if path is None:
            return
        try:
            if os.stat(path).st_uid != os.geteuid():
                return
            writer = open_watcher_writer(path)
        except (OSError, ValueError):
            return
        if writer.header().get("pid") != self._child:
            writer.close()
            return
        if self._observer:  # the child has executed another script in its place
            self._observer.sync.remove()
            self._forget(self._observer)
        self._observer = Observer(writer)
        for fd in self._observer.wakers.fds:
            self._poll.register(fd, self._observer.wakers.EVENTS)
        self._next_step = 0.0

    def _forget(self, observer: Observer) -> None:
        for fd in observer.wakers.fds:
            self._poll.unregister(fd)
        observer.close()

    def _await_news(self) -> None:
        """A child that died at once may have left a companion about to tell us."""
        give_up = time.monotonic() + _LATE_NEWS_S
        while not self._observer and time.monotonic() < give_up:
            try:
                if not find_descendants(os.getpid()):
                    break
            except OSError:
                break
            for fd, _ in self._poll.poll(20):
                if fd in self._on:
                    self._on[fd]()
        if self._capture:
            self._capture.pump()

    def _finish(self, status: int) -> int:
        observer = self._observer
        if observer:
            self._settle(observer, ExitStatus(status, "parent"))
        elif os.WIFSIGNALED(status):
            name = signal.Signals(os.WTERMSIG(status)).name
            self._say(f"kerascrash: ended by {name}; not armed, so no dump tells more")
        return exit_code_of(status)

    def _settle(self, observer: Observer, status: ExitStatus) -> None:
        clean = ended_well(observer.writer.state(), status)
        if clean and not keeps_always(self._environ):
            discard(observer)
            return
        extra: dict[str, Any] = {"rusage": self._usage}
        if self._capture:
            observer.writer.stderr(self._capture.tail)
            extra["stderr"] = self._capture.describe()
        cwd = os.getcwd()
        path = seal(observer, status, self._death_ns, **extra)
        if not clean:
            self._say(ask_verdict(path, cwd, self._environ))

    def _say(self, text: str) -> None:
        """Print below what the script has written last."""
        begin = b""
        if self._capture and self._capture.tail[-1:] not in (b"", b"\n"):
            begin = b"\n"
        try:
            os.write(2, begin + text.encode("utf-8", "replace") + b"\n")
        except OSError:
            return
