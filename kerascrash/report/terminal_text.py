"""Paragraphs for a terminal; whatever text they are given is made harmless here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kerascrash.report.safe_text import safe_line
from kerascrash.report.shared import WARNING, replaced_line

if TYPE_CHECKING:
    import io

    from rich.console import Console

    from kerascrash.model.redaction import Redaction

LONGEST = 1200


def open_console(out: io.StringIO, width: int, *, color: bool) -> Console:
    """Return a console that takes text literally: no markup, no emoji codes."""
    from rich.console import Console

    return Console(
        file=out,
        width=max(30, width),
        force_terminal=color,
        color_system="standard" if color else None,
        no_color=not color,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
    )


def say(console: Console, text: str, style: str = "", indent: int = 0) -> None:
    """Print one paragraph, wrapped and indented."""
    from rich.padding import Padding
    from rich.text import Text

    harmless = Text(safe_line(text, LONGEST), style=style)
    console.print(Padding(harmless, (0, 0, 0, indent)))


def item(console: Console, lead: str, text: str, style: str = "") -> None:
    """Print a paragraph that hangs beside its number."""
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(justify="right", no_wrap=True)
    grid.add_column(overflow="fold")  # what is to be typed is never cut
    grid.add_row(Text(lead), Text(safe_line(text, LONGEST), style=style))
    console.print(Padding(grid, (0, 0, 0, 2)))


def title(console: Console, text: str) -> None:
    """Print a heading after an empty line."""
    console.print()
    say(console, text, "bold")


def say_redacted(console: Console, redaction: Redaction) -> None:
    """Print what was replaced before sharing, and what is still in the text."""
    title(console, "Redacted")
    say(console, replaced_line(redaction), indent=2)
    for kept in redaction.kept:
        say(console, f"still in it: {kept}", indent=2)
    say(console, WARNING, indent=2)
