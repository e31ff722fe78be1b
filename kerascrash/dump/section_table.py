"""The section table as JSON rows: written by us, read as if by an enemy."""

from __future__ import annotations

from kerascrash.dump.layout import (
    SLOT_HEADER,
    SUPERBLOCK_SIZE,
    SUPERBLOCKS,
    SectionEntry,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_MOST_SECTIONS = 64
_MOST_FIELDS = 256
_LONGEST_NAME = 64


def encode_sections(sections: list[SectionEntry]) -> dict[str, Any]:
    """Return the header keys ``sections`` and ``fields`` (each field list once)."""
    lists: list[tuple[str, ...]] = []
    rows: list[list[str | int]] = []
    for s in sections:
        if s.fields not in lists:
            lists.append(s.fields)
        which = lists.index(s.fields)
        rows.append([s.section, s.name, s.offset, s.slot_size, s.slots, s.kept, which])
    return {"sections": rows, "fields": lists}


def decode_sections(
    header: dict[str, Any], size: int
) -> tuple[list[SectionEntry], list[str]]:
    """
    Return the sections that begin inside ``size`` bytes and overlap no other.

    The second value says in words what was refused. A section may reach beyond the
    file (it was cut): whoever reads slots must look at the size again.
    """
    problems: list[str] = []
    rows, lists = header.get("sections"), header.get("fields")
    if not isinstance(rows, list) or not isinstance(lists, list):
        return [], ["the section table is missing"]
    if len(rows) > _MOST_SECTIONS or len(lists) > _MOST_SECTIONS:
        problems.append(f"{len(rows)} sections are more than {_MOST_SECTIONS}")
    entries = []
    for number, row in enumerate(rows[:_MOST_SECTIONS]):
        entry = _decode_row(row, lists[:_MOST_SECTIONS])
        if entry is None:
            problems.append(f"row {number} of the section table makes no sense")
        elif entry.offset >= size:
            problems.append(f"section {entry.title} begins beyond the end of the file")
        else:
            entries.append(entry)
    return _without_overlap(entries, problems), problems


def _without_overlap(
    entries: list[SectionEntry], problems: list[str]
) -> list[SectionEntry]:
    """Keep sections in file order; bytes that two of them claim would be read twice."""
    accepted: list[SectionEntry] = []
    end = SUPERBLOCKS * SUPERBLOCK_SIZE
    for entry in sorted(entries, key=lambda e: e.offset):
        if entry.offset < end:
            problems.append(f"section {entry.title} overlaps what lies before it")
            continue
        accepted.append(entry)
        end = entry.offset + entry.size
    return accepted


def _decode_row(row: Any, lists: list[Any]) -> SectionEntry | None:
    if not isinstance(row, list) or len(row) < 7:
        return None
    section, name, *numbers = row[:7]
    if not _is_name(section) or not (name == "" or _is_name(name)):
        return None
    if not all(type(n) is int and 0 <= n < 1 << 40 for n in numbers):
        return None
    offset, slot_size, slots, kept, which = numbers
    if slot_size < 2 * SLOT_HEADER.size or not kept < slots or which >= len(lists):
        return None
    if section == "coarse" and (slots - kept) % 2:
        return None
    fields = lists[which]
    if not isinstance(fields, list) or len(fields) > _MOST_FIELDS:
        return None
    if not all(map(_is_name, fields)) or 8 * len(fields) > slot_size:
        return None
    return SectionEntry(section, name, offset, slot_size, slots, tuple(fields), kept)


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= _LONGEST_NAME
