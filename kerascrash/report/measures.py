"""What measures would bring, those with the same answer in one row."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kerascrash.model.verdict import Remedy


_AND = "; "


def is_joint(row: Remedy) -> bool:
    """Return whether a row of ``together`` stands for several measures."""
    return _AND in row.name


def together(remedies: Iterable[Remedy]) -> list[Remedy]:
    """Return the measures; what does not help for one reason is one row."""
    rows: dict[object, Remedy] = {}
    for one in remedies:
        same = (one.helps, one.detail) if one.helps != "yes" else one.id
        before = rows.get(same)
        name = f"{before.name}{_AND}{one.name}" if before else one.name
        rows[same] = replace(before or one, name=name)
    return list(rows.values())
