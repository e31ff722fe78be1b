"""Starting the supervised child, and passing signals on to it."""

from __future__ import annotations

import os
import signal
import struct

from kerascrash.watch import libc

TYPE_CHECKING = False  # importing typing would cost the companion 1 MiB
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FORWARDED = frozenset(
    {
        signal.SIGTERM,
        signal.SIGINT,
        signal.SIGHUP,
        signal.SIGQUIT,
        signal.SIGUSR1,
        signal.SIGUSR2,
        signal.SIGWINCH,
        signal.SIGCONT,
        signal.SIGTSTP,
    }
)
SIGNAL_INFO_BYTES = 128
_SI_KERNEL = 0x80
_CANNOT_START = 127


class Signals:
    """
    Signals to us, taken in one by one with who sent them.

    Those that were ignored when we were started (``nohup``) stay ignored, here and in
    the child.
    """

    def __init__(self) -> None:
        taken = {s for s in FORWARDED if signal.getsignal(s) != signal.SIG_IGN}
        self.before = signal.pthread_sigmask(signal.SIG_BLOCK, {*taken, signal.SIGCHLD})
        self.fd = libc.open_signalfd({*taken, signal.SIGCHLD})

    def take(self) -> list[tuple[int, bool]]:
        """Return (number, whether a terminal sent it) of the signals that came."""
        try:
            data = os.read(self.fd, 16 * SIGNAL_INFO_BYTES)
        except OSError:
            return []
        found = []
        for begin in range(0, len(data), SIGNAL_INFO_BYTES):
            number, _, code = struct.unpack_from("=Iii", data, begin)
            found.append((number, code == _SI_KERNEL))
        return found


def start_child(
    command: Sequence[str],
    environ: Mapping[str, str],
    stderr_fd: int,
    signals: Signals,
) -> int:
    """
    Fork and execute ``command`` with ``stderr_fd`` as its fd 2 (-1: ours).

    It stays in our process group, so that the terminal's signals reach it by
    themselves and job control works as without us.
    """
    pid = os.fork()
    if pid:
        return pid
    try:
        for number in (signal.SIGPIPE, signal.SIGXFSZ):  # which Python ignores
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, signals.before)
        if stderr_fd >= 0:
            os.dup2(stderr_fd, 2)
        os.execve(command[0], list(command), dict(environ))
    except BaseException as error:
        os.write(2, f"kerascrash: error: {command[0]}: {error}\n".encode())
    os._exit(_CANNOT_START)


def pass_on(number: int, from_terminal: bool, child: int) -> None:
    """
    Send a signal to the child, unless the terminal has sent it there itself.

    A stop is followed by our own, so that the shell sees the job stop.
    """
    if not from_terminal or number == signal.SIGCONT:
        try:
            os.kill(child, number)
        except OSError:
            return
    if number == signal.SIGTSTP:
        os.kill(os.getpid(), signal.SIGSTOP)


def exit_code_of(status: int) -> int:
    """Return what a shell would: the exit code, or 128 + n for signal n."""
    code = os.waitstatus_to_exitcode(status)
    return 128 - code if code < 0 else code
