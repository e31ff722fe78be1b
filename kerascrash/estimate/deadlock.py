"""
Find threads that wait for each other's locks, in the stacks and the source around them.

What a thread waits for is the line it stands at (``with lock:``, ``lock.acquire()``);
what it holds are the ``with`` blocks around that line and what was acquired before it.
Locks are told apart as the source spells them: nothing else of a lock is recorded.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kerascrash.estimate.memo import once
from kerascrash.estimate.stacks import frames_of, user_place_of
from kerascrash.estimate.timeline import recording_of
from kerascrash.model.case import Case, Recording
from kerascrash.model.evidence import Place

_ACQUIRED = re.compile(r"^([\w.]+)\.acquire\(\)$")
_RELEASED = re.compile(r"^([\w.]+)\.release\(\)$")
_ENTERS = frozenset({"acquire", "__enter__"})
"""Of locks written in Python: ``threading.Condition``, those of multiprocessing."""


@dataclass(frozen=True, slots=True)
class Waiter:
    """A thread that stands at a lock: for which, and which it holds meanwhile."""

    thread: str
    place: Place
    waits_for: str
    holds: tuple[str, ...]


@once
def find_deadlock(case: Case) -> tuple[Waiter, ...]:
    """
    Return the threads of one circle of waits, the main thread first; mostly empty.

    A lock that one thread takes twice is a circle of one.
    """
    recording = recording_of(case)
    if recording is None or _went_on(recording):
        return ()
    threads = recording.stacks.get("threads")
    rows = [row for row in threads or () if isinstance(row, Mapping)]
    rows.sort(key=lambda row: not row.get("main"))
    waiters = [one for row in rows for one in _waiter(row)]
    for first in waiters:
        circle = _circle(first, waiters)
        if circle:
            return circle
    return ()


def _went_on(recording: Recording) -> bool:
    """Tell whether a step ended after the stacks were taken: nobody stood still."""
    taken, stepped = recording.blob_times.get("stacks"), recording.progress.get("time")
    return bool(taken and isinstance(stepped, (int, float)) and stepped > taken)


def _circle(first: Waiter, waiters: list[Waiter]) -> tuple[Waiter, ...]:
    """Return the way from ``first`` to who waits for what it holds, () for none."""
    ways: list[tuple[Waiter, ...]] = [(first,)]
    seen = {first}
    while ways:
        way = ways.pop()
        wanted = way[-1].waits_for
        if wanted in first.holds:
            return way
        after = [one for one in waiters if wanted in one.holds and one not in seen]
        seen.update(after)  # each waits for one lock: a second way there is no other
        ways += [(*way, one) for one in after]
    return ()


def _waiter(thread: Mapping[str, Any]) -> Iterator[Waiter]:
    frames = frames_of(thread)
    if len(frames) > 1 and not frames[0].user and frames[0].function in _ENTERS:
        frames = frames[1:]
    if not frames or not frames[0].user:
        return
    place = user_place_of(thread)
    rows = dict(place.excerpt) if place else {}
    if place is None or place.line not in rows:
        return
    wanted = _locks_of(rows[place.line].strip())
    if wanted:
        name = str(thread.get("name") or "a thread")
        yield Waiter(name, place, wanted[0], _held(rows, place.line))


def _locks_of(text: str) -> tuple[str, ...]:
    """Return the locks that one line takes, as it spells them."""
    acquired = _ACQUIRED.match(text)
    if acquired:
        return (acquired[1],)
    if not text.startswith("with "):
        return ()
    try:
        node = ast.parse(text + " pass").body[0]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ()
    entered = [item.context_expr for item in getattr(node, "items", ())]
    named = [one for one in entered if isinstance(one, (ast.Name, ast.Attribute))]
    return tuple(ast.unparse(one) for one in named) if named == entered else ()


def _held(rows: Mapping[int, str], line: int) -> tuple[str, ...]:
    """Return what the blocks around a line hold, the innermost first."""
    level = _indent(rows[line])
    held: list[str] = []
    released: set[str] = set()
    for number in range(line - 1, min(rows) - 1, -1):
        text = rows.get(number, "").strip()
        if not text or text.startswith("#") or _indent(rows[number]) > level:
            continue
        if _indent(rows[number]) < level:
            level = _indent(rows[number])
            if text.startswith(("def ", "async def ", "class ", "lambda")):
                break
            held += _locks_of(text)
            continue
        gone, taken = _RELEASED.match(text), _ACQUIRED.match(text)
        released |= {gone[1]} if gone else set()
        held += [taken[1]] if taken and taken[1] not in released else []
    return tuple(held)


def _indent(text: str) -> int:
    expanded = text.expandtabs(8)
    return len(expanded) - len(expanded.lstrip())
