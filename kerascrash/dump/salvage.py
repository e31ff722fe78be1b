"""Find the header of a dump, or do without: slots check themselves."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from kerascrash.dump.codec import Superblock, decode_superblock, unframe
from kerascrash.dump.contents import DamageNote, Header
from kerascrash.dump.geometry import plan_sections
from kerascrash.dump.jsontext import BadRecordError, JsonReader
from kerascrash.dump.layout import (
    DEFAULT_SIZE,
    FORMAT_VERSION,
    LARGEST_SIZE,
    SMALLEST_SIZE,
    SUPERBLOCKS,
    WORKER_SIZE,
    SectionEntry,
)
from kerascrash.dump.section_table import decode_sections
from kerascrash.errors import NotADump, VersionTooNew

if TYPE_CHECKING:
    from kerascrash.dump.codec import Buffer

UPGRADES: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {}
"""By format version: turns a header of that version into one of the next."""


def find_header(
    path: str, images: tuple[Buffer, ...], notes: list[DamageNote]
) -> Header:
    """
    Return the newest header of all images.

    Without a good superblock, the sections that this version would have made are
    taken. Raises NotADump when no superblock even begins like one, VersionTooNew
    when a later version's reader is needed.
    """
    blocks = [
        (block, i)
        for image in images
        for i in range(SUPERBLOCKS)
        if (block := decode_superblock(image, i))
    ]
    if not blocks:
        raise NotADump(f"{path} is not a kerascrash dump")
    good = [(b, i) for b, i in blocks if b.text is not None]
    _refuse_later_version(path, [b for b, _ in good or blocks])
    for block, index in blocks:
        if block.text is None:
            notes.append(DamageNote("header", f"superblock {index} is damaged"))
    size = max(map(len, images))
    for block, _ in sorted(good, key=lambda found: -found[0].generation):
        header = _parse(block, size, notes)
        if header:
            return header
    notes.append(DamageNote("header", "no readable header: the usual layout is taken"))
    return Header({}, FORMAT_VERSION, 0, tuple(_guess_sections(images)))


def _refuse_later_version(path: str, blocks: list[Superblock]) -> None:
    """
    Raise VersionTooNew when the blocks agree that a later reader is needed.

    Damaged ones count only where none is good, and one alone may be a flipped bit.
    """
    versions = {(b.version, b.oldest_reader) for b in blocks}
    version, oldest_reader = max(versions)
    sure = len(blocks) > 1 or blocks[0].text is not None
    if oldest_reader > FORMAT_VERSION and len(versions) == 1 and sure:
        raise VersionTooNew(
            f"{path} has format version {version}; "
            f"this kerascrash reads up to {FORMAT_VERSION}"
        )


def _parse(block: Superblock, size: int, notes: list[DamageNote]) -> Header | None:
    try:
        raw = JsonReader().parse(block.text or b"")
        for version in range(block.version, FORMAT_VERSION):
            raw = UPGRADES[version](raw)
    except (BadRecordError, KeyError):
        notes.append(DamageNote("header", "a superblock holds no header"))
        return None
    sections, problems = decode_sections(raw, size)
    notes.extend(DamageNote("header", text) for text in problems)
    if not sections:
        return None
    return Header(raw, block.version, block.generation, tuple(sections))


def _guess_sections(images: tuple[Buffer, ...]) -> list[SectionEntry]:
    """Return the layout for the size at which most sections have a good first slot."""
    sizes = {DEFAULT_SIZE, WORKER_SIZE, *map(len, images)}
    plans = [
        plan_sections(size)
        for size in sorted(sizes, reverse=True)
        if SMALLEST_SIZE <= size <= LARGEST_SIZE
    ]
    return max(plans, key=lambda plan: _good_beginnings(plan, images))


def _good_beginnings(plan: list[SectionEntry], images: tuple[Buffer, ...]) -> int:
    return sum(
        any(unframe(image, entry.offset, entry.slot_size) for image in images)
        for entry in plan
    )
