"""Who a dump in the folder is of: its newest header, read without the reader."""

from __future__ import annotations

from kerascrash.dump.codec import decode_superblock
from kerascrash.dump.layout import SUPERBLOCK_SIZE, SUPERBLOCKS
from kerascrash.dump.records import State
from kerascrash.dump.sync_copy import SYNC_SUFFIX
from kerascrash.record.identity import is_running, read_boot_id

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def read_header(path: str) -> dict[str, Any] | None:
    """
    Return the newest header of a dump, None when there is none to understand.

    After a power cut the dump itself may be all zeros, and only its copy tells.
    """
    return _read_newest(path) or _read_newest(path + SYNC_SUFFIX)


def ended_well(header: dict[str, Any]) -> bool:
    """Return whether the process had come to its end, or was asked to."""
    return header.get("state") in (State.FINISHED.value, State.DISMISSED.value)


def has_died(path: str) -> bool:
    """Return whether the dump at ``path`` is there and its process died."""
    header = read_header(path)
    if header is None or ended_well(header):
        return False
    return not is_alive(header)


def is_alive(header: dict[str, Any]) -> bool:
    """Return whether the process that a header names still lives."""
    if header.get("boot_id") not in ("", None, read_boot_id()):
        return False
    try:
        return is_running(int(header.get("pid", 0)), int(header.get("start_ticks", 0)))
    except (TypeError, ValueError):
        return False


def _read_newest(path: str) -> dict[str, Any] | None:
    import json

    try:
        with open(path, "rb") as dump:
            begin = dump.read(SUPERBLOCKS * SUPERBLOCK_SIZE)
        blocks = [decode_superblock(begin, i) for i in range(SUPERBLOCKS)]
        good = [(b.generation, b.text) for b in blocks if b and b.text is not None]
        header = json.loads(max(good)[1]) if good else None
    except (OSError, ValueError):
        return None
    return header if isinstance(header, dict) else None
