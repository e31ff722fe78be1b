"""Source lines as they are shown: without the indentation that all of them share."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def dedent(lines: Iterable[tuple[int, str]]) -> list[tuple[int, str]]:
    """Return the lines with tabs expanded and their common indentation removed."""
    expanded = [(number, text.expandtabs(4).rstrip()) for number, text in lines]
    margins = [len(text) - len(text.lstrip()) for _, text in expanded if text]
    margin = min(margins, default=0)
    return [(number, text[margin:]) for number, text in expanded]
