"""Where a report goes: a file, or standard output."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from kerascrash.errors import SourceError

if TYPE_CHECKING:
    from kerascrash.model.verdict import Diagnosis


def write_report(diagnosis: Diagnosis, format_name: str, output: str) -> str:
    """Write the report and return its path; raises SourceError when it cannot."""
    from kerascrash.report.format import find_formats

    if os.path.isdir(output):
        raise SourceError(f"{output}: is a folder; name a file")
    return write_text(find_formats()[format_name].render(diagnosis), output)


def write_text(text: str, output: str) -> str:
    """Write a text to a file and return its path; raises SourceError."""
    return write_bytes(text.encode("utf-8", "backslashreplace"), output)


def write_bytes(data: bytes, output: str) -> str:
    """Write a file and return its path; raises SourceError."""
    try:
        with open(output, "wb") as file:
            file.write(data)
    except OSError as error:
        reason = error.strerror or error
        raise SourceError(f"{output}: cannot be written: {reason}; use -o") from None
    return output


def print_report(diagnosis: Diagnosis, format_name: str) -> None:
    """Write the report to standard output, for a terminal if it is one."""
    from kerascrash.report.format import find_formats

    if format_name == "text":
        from kerascrash.report import terminal

        width = terminal_width() or terminal.WIDTH
        print_text(terminal.render(diagnosis, width, color=wants_colors()))
        return
    click.echo(find_formats()[format_name].render(diagnosis), nl=False)


def print_text(text: str) -> None:
    """Write text to standard output, its colours with it if it wants any."""
    click.echo(text, nl=False, color=True if wants_colors() else None)


def terminal_width() -> int | None:
    """Return the columns of standard output, None where it is no terminal."""
    return os.get_terminal_size().columns if sys.stdout.isatty() else None


def wants_colors() -> bool:
    """Return whether standard output wants colours (https://no-color.org)."""
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return sys.stdout.isatty() and not plain
