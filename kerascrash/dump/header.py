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

_LONGEST_TEXT = 700


def new_header(
    identity: dict[str, Any], size: int, sections: list[SectionEntry]
) -> dict[str, Any]:
    """Return the header of a dump that begins now; long texts lose their beginning."""
    header = {key: _fitting(value) for key, value in identity.items()}
    header.update(
        clock_stamps(),
        clock=CLOCK_NAME,
        state=State.RECORDING.value,
        size=size,
        **encode_sections(sections),
    )
    return header


def _fitting(value: Any) -> Any:
    """A superblock is small: of a long path the end says most."""
    if isinstance(value, str) and len(value) > _LONGEST_TEXT:
        return "…" + value[-_LONGEST_TEXT:]
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
