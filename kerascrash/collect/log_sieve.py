"""
Keep of a log what may matter: its head, its tail, and lines that speak of a death.

A huge log repeats itself: lines that differ in digits only have one shape, and only
new shapes are looked at. What is kept is bounded in lines and bytes, the time for the
middle in seconds of the processor; a log that was not read whole says so.
"""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

HEAD_BYTES, TAIL_PIECES, TAIL_LINES = 64 << 10, 2, 12_000
MOST_LINES, MOST_SHAPES, MOST_LONG = 30_000, 60_000, 1 << 16
MIDDLE_SECONDS = 15.0
_SMALL = 4 << 20
_PER_SHAPE = 12
_MOST_TELLING = 2000
_CONTEXT = 2
_LAST_DRAWN = 3
# Lines end at a new line; progress bars redraw with \r or \b. Digits are left out.
_FOLD = bytes.maketrans(
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZ\r\x08", b"abcdefghijklmnopqrstuvwxyz\n\n"
)
_DIGITS = b"0123456789"
_REDRAW = re.compile(rb"[\r\x08]+")
# Stems that the lines about a death have in common; tests hold all rules against them.
_STEMS = re.compile(
    rb"kill|fail|erro|fatal|abort|segf|oom|memor|exhaust|alloc|xid|panic|except|signal|"
    rb"crash|died|dead|cannot|could not|couldn|can't|unable|no space|quota|too many|"
    rb"limit|corrupt|invalid|illegal|terminat|interrupt|cancel|preempt|evict|exceed|"
    rb"time out|timed out|timeout|lost|boot|mce|hardware|nvrm|ecc|cuda|cudnn|status|"
    rb"exit|trap|fault|assert|check|undefined|not found|missing|conflict|mismatch|"
    rb"version|already|stuck|hang|hung|block|lockup|stall|stop|shut|restart|overflow|recurs|"
    rb"unavailab|denied|unexpected|uncorrect|jetsam|bfc|warn|sigt|dst tensor|\^c|"
    rb"resource|traceback|incompatible|disconnect|inactiv|nvidia|tensorrt|recover|wait|"
    rb"lock|queue|\bf |rip:|oops|reject|\[op:|logits and labels|get\xc3\xb6tet|fehler|"
    rb"abgebroch|maschinenbef"
)
# What decides by itself, looked for as it stands (3 GB/s each) where there is no time
# for shapes or there are too many of them: a hash in every line makes every line new.
_SURE = (
    *(b"illed process ", b"oom-kill", b"ut of memory", b" segfault at ", b"traps: "),
    *(b"NVRM: Xid (", b"Traceback (most", b"Fatal Python error", b"Check failed"),
    *(b"terminate called", b"Kernel panic", b"OOMKilled", b"RESOURCE_EXHAUSTED"),
)
_PER_SURE = 40


@dataclass(frozen=True, slots=True)
class Kept:
    """Numbered lines in order, how many lines there were, whether none was left out."""

    lines: tuple[tuple[int, bytes], ...]
    total_lines: int
    complete: bool


@dataclass
class _Sieve:
    kept: dict[tuple[int, int], bytes] = field(default_factory=dict)
    tail: deque[tuple[int, bytes]] = field(default_factory=deque)
    number: int = 1  # of the next line
    read: int = 0
    seen: set[bytes] = field(default_factory=set)
    telling: dict[bytes, int] = field(default_factory=dict)
    sure: dict[bytes, int] = field(default_factory=dict)
    complete: bool = True
    deadline: float = 0.0


def sift(
    pieces: Iterable[bytes], progress: Callable[[int], None] | None = None
) -> Kept:
    """Return what is worth keeping; ``progress`` is told the bytes read so far."""
    sieve = _Sieve(deadline=time.process_time() + MIDDLE_SECONDS)
    rest = b""
    for piece in pieces:
        sieve.read += len(piece)
        whole, rest = _cut(rest + piece)
        if whole:
            _take(sieve, whole)
        if progress is not None:
            progress(sieve.read)
    if rest:
        _take(sieve, rest)
    _keep_tail(sieve)
    lines = tuple((number, line) for (number, _), line in sorted(sieve.kept.items()))
    return Kept(lines, sieve.number, sieve.complete)


def _cut(text: bytes) -> tuple[bytes, bytes]:
    """Return whole lines and the beginning of the next; a line too long is cut."""
    end = text.rfind(b"\n") + 1
    if not end and len(text) > MOST_LONG:
        end = max(text.rfind(b"\r"), text.rfind(b"\b")) + 1
        if not end:  # its head and its end are enough
            return b"", text[: MOST_LONG // 4] + text[-MOST_LONG // 4 :]
    return text[:end], text[end:]


def _take(sieve: _Sieve, block: bytes) -> None:
    """Look at a block of lines, then let it wait as part of the tail."""
    if sieve.number == 1:
        _keep_all(sieve, 1, block[:HEAD_BYTES])
    sieve.tail.append((sieve.number, block))
    if len(sieve.tail) > TAIL_PIECES:
        start, old = sieve.tail.popleft()
        sieve.complete = False
        in_time = time.process_time() < sieve.deadline
        if in_time:
            _look(sieve, start, old)
        if not in_time or len(sieve.telling) >= _MOST_TELLING:
            _look_for_the_sure(sieve, start, old)
    sieve.number += block.count(b"\n")


def _look(sieve: _Sieve, start: int, block: bytes) -> None:
    """Keep lines of telling shapes, with the lines around them."""
    shapes = set(block.translate(_FOLD, _DIGITS).split(b"\n"))
    new = shapes - sieve.seen
    if len(sieve.seen) < MOST_SHAPES:
        sieve.seen |= new
    if len(sieve.telling) < _MOST_TELLING:
        for shape in new:
            if _STEMS.search(shape):
                sieve.telling[shape] = 0
    active = {s for s in shapes & sieve.telling.keys() if sieve.telling[s] < _PER_SHAPE}
    if not active or len(sieve.kept) > MOST_LINES:
        return
    parts = list(_split(start, block))
    for at, (_, part) in enumerate(parts):
        shape = part.translate(_FOLD, _DIGITS)
        if shape in active:
            sieve.telling[shape] += 1
            if sieve.telling[shape] >= _PER_SHAPE:
                active.discard(shape)
            for key, near in parts[max(0, at - _CONTEXT) : at + _CONTEXT + 1]:
                sieve.kept[key] = _shorten(near)


def _look_for_the_sure(sieve: _Sieve, start: int, block: bytes) -> None:
    """Keep the first lines that hold one of the words that decide."""
    for word in _SURE:
        at = block.find(word)
        while at >= 0 and sieve.sure.get(word, 0) < _PER_SURE:
            sieve.sure[word] = sieve.sure.get(word, 0) + 1
            begin, end = block.rfind(b"\n", 0, at) + 1, block.find(b"\n", at)
            end = len(block) if end < 0 else end
            number = start + block.count(b"\n", 0, begin)
            _keep_all(sieve, number, block[begin:end])
            at = block.find(word, end)


def _keep_tail(sieve: _Sieve) -> None:
    start = sieve.tail[0][0] if sieve.tail else 1
    text = b"".join(block for _, block in sieve.tail)
    parts = text.rsplit(b"\n", TAIL_LINES)
    if len(parts) > TAIL_LINES:
        sieve.complete = False
        _look(sieve, start, parts[0])
        start += parts[0].count(b"\n") + 1
        text = b"\n".join(parts[1:])
    _keep_all(sieve, start, text)


def _shorten(text: bytes) -> bytes:
    """Cut the middle out of a line that is too long: the end is what counts."""
    half = MOST_LONG // 2
    return text if len(text) <= MOST_LONG else text[:half] + text[-half:]


def _keep_all(sieve: _Sieve, start: int, block: bytes) -> None:
    """Keep a block; of what a bar redrew, the end and whatever tells of a failure."""
    for number, line in enumerate(block.split(b"\n"), start):
        parts = _REDRAW.split(line)
        last = len(parts) - _LAST_DRAWN
        for part, text in enumerate(parts):
            if text and (part >= last or _STEMS.search(text.lower())):
                sieve.kept[number, part] = _shorten(text)


def _split(start: int, block: bytes) -> Iterator[tuple[tuple[int, int], bytes]]:
    """Yield ((line number, part), text); what a bar drew over is a part of its line."""
    for number, line in enumerate(block.split(b"\n"), start):
        for part, text in enumerate(_REDRAW.split(line)):
            if text:
                yield (number, part), text
