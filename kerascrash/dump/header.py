"""The header: a JSON object in two alternating superblocks, as written and as read."""

from __future__ import annotations

import itertools

from kerascrash.dump.clock import CLOCK_NAME, clock_stamps
from kerascrash.dump.codec import encode_superblock
from kerascrash.dump.layout import SUPERBLOCK_SIZE, SUPERBLOCKS, SectionEntry
from kerascrash.dump.records import State
from kerascrash.dump.section_table import encode_sections

TYPE_CHECKING = False
if TYPE_CHECKING:
    import mmap
    from typing import Any

_LONGEST_TEXTS = (1000, 300, 80)


def new_header(
    identity: dict[str, Any], size: int, sections: list[SectionEntry]
) -> dict[str, Any]:
    """
    Return the header of a dump that begins now.

    Texts of the identity lose their beginning as far as needed to fit (of a path
    the end says most). Raises ValueError when even that does not help.
    """
    facts = {
        **clock_stamps(),
        "clock": CLOCK_NAME,
        "state": State.RECORDING.value,
        "size": size,
        **encode_sections(sections),
    }
    for longest in _LONGEST_TEXTS:
        header = {key: _fitting(value, longest) for key, value in identity.items()}
        header.update(facts)
        try:
            encode_superblock(0, header)
        except ValueError:
            continue
        return header
    raise ValueError("the identity does not fit in a superblock")


def _fitting(value: Any, longest: int) -> Any:
    if isinstance(value, str) and len(value) > longest:
        return "…" + value[-longest:]
    return value


class HeaderWriter:
    """Writes the header into the superblock that is not the newest."""

    __slots__ = ("_generations", "_map", "header")

    def __init__(
        self, mapping: mmap.mmap, header: dict[str, Any], generation: int = 0
    ) -> None:
        self.header = header
        self._map = mapping
        self._generations = itertools.count(generation + 1)

    def write(self, **changes: Any) -> None:
        """Change keys of the header and write it; ValueError when it does not fit."""
        self.header.update(changes)
        generation = next(self._generations)
        data = encode_superblock(generation, self.header)
        begin = generation % SUPERBLOCKS * SUPERBLOCK_SIZE
        self._map[begin : begin + len(data)] = data
