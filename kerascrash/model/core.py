"""What the notes of a core file tell: how the process died and where it was."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mapping:
    """A file that was mapped: its path, addresses, and where in the file it begins."""

    path: str
    begin: int
    end: int
    offset: int


@dataclass(frozen=True, slots=True)
class CoreFile:
    """
    A death as the kernel froze it; numbers are those of Linux.

    ``code`` is si_code (0 and below: somebody sent the signal, and ``sender`` is who),
    ``address`` the fault address. ``thread`` is the id of the thread that died, ``pc``
    and ``sp`` its registers; ``at`` is the mapping that holds ``pc``, ``touched`` the
    one that holds ``address``. ``arguments`` are what the kernel keeps of the command
    line (80 bytes), without secrets. What the file does not tell is None.
    """

    source: str
    machine: str
    signal: int | None = None
    code: int | None = None
    address: int | None = None
    sender: int | None = None
    pid: int | None = None
    thread: int | None = None
    name: str = ""
    arguments: tuple[str, ...] = ()
    pc: int | None = None
    sp: int | None = None
    at: Mapping | None = None
    touched: Mapping | None = None
    complete: bool = True

    @property
    def pc_offset(self) -> int | None:
        """Return where in the file ``at`` the thread was, as addr2line wants it."""
        if self.at is None or self.pc is None:
            return None
        return self.pc - self.at.begin + self.at.offset
