"""Read a log of any size and kind into the lines worth keeping."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from typing import IO

from kerascrash.collect.log_kind import is_misnamed, sort_line
from kerascrash.collect.log_line import clean_text, parse_time, shorten
from kerascrash.collect.log_sieve import sift
from kerascrash.collect.log_stream import open_log, read_pieces
from kerascrash.collect.log_wrapping import open_record, unwrap
from kerascrash.model.case import Log, LogLine

# Told the bytes read so far and the size, None if that is not known.
Progress = Callable[[int, int | None], None]


def read_log_file(
    path: str | os.PathLike[str], kind: str, progress: Progress | None = None
) -> list[Log]:
    """
    Return the logs in a file: lines of another kind than ``kind`` are set apart.

    Raises OSError when it cannot be opened; rubbish inside is no error.
    """
    stream, size = open_log(path)
    with stream:
        return read_log_stream(stream, kind, str(path), progress, size)


def read_log_stream(
    stream: IO[bytes],
    kind: str,
    source: str,
    progress: Progress | None = None,
    size: int | None = None,
) -> list[Log]:
    """Return the logs in a stream of bytes, such as standard input."""
    tell = None if progress is None else lambda read: progress(read, size)
    kept = sift(read_pieces(stream), tell)
    lines = ((n, raw.decode("utf-8", "replace")) for n, raw in kept.lines)
    return _sort_out(lines, kind, source, kept.complete, kept.total_lines)


def make_logs(lines: Iterable[str], kind: str, source: str) -> list[Log]:
    """Sort lines out by kind; a carriage return begins a new line."""
    return _sort_out(enumerate(lines, start=1), kind, source, True, None)


def _sort_out(
    lines: Iterable[tuple[int, str]],
    kind: str,
    source: str,
    complete: bool,
    total: int | None,
) -> list[Log]:
    kinds: dict[str, list[LogLine]] = {}
    made = list(_make_lines(lines))
    if kind == "kernel" and is_misnamed(line.text for line in made):
        kind = "stderr"
    for line in made:
        kinds.setdefault(sort_line(line.text, kind), []).append(line)
    return [Log(k, source, tuple(v), complete, total) for k, v in kinds.items()]


def _make_lines(lines: Iterable[tuple[int, str]]) -> Iterator[LogLine]:
    for number, raw in lines:
        for part in raw.lstrip("\ufeff").replace("\b", "\r").split("\r"):
            record = open_record(part) if part.startswith("{") else None
            inside, when = ([part], None) if record is None else record
            for one in inside:
                whole = clean_text(shorten(one)).rstrip()
                if text := unwrap(whole):
                    yield LogLine(number, text, when or parse_time(whole))
