"""Read a log of any size and kind into the lines worth keeping."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from kerascrash.collect.log_kind import sort_line
from kerascrash.collect.log_line import clean_text, parse_time, shorten
from kerascrash.model.case import Log, LogLine


def read_log_file(path: Path, kind: str) -> list[Log]:
    """Return the logs in a file: lines of another kind than ``kind`` are set apart."""
    text = path.read_bytes().decode("utf-8", "replace")
    return make_logs(text.split("\n"), kind, str(path))


def make_logs(lines: Iterable[str], kind: str, source: str) -> list[Log]:
    """Sort lines out by kind; a carriage return begins a new line."""
    kinds: dict[str, list[LogLine]] = {}
    for line in _make_lines(lines):
        kinds.setdefault(sort_line(line.text, kind), []).append(line)
    return [Log(k, source, tuple(found)) for k, found in kinds.items()]


def _make_lines(lines: Iterable[str]) -> Iterator[LogLine]:
    for number, raw in enumerate(lines, start=1):
        for part in raw.replace("\b", "\r").split("\r"):
            text = shorten(clean_text(part).rstrip())
            if text:
                yield LogLine(number, text, parse_time(text))
