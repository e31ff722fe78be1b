"""
The names of running functions: the user's variables, and what the user has passed to
the library functions that run now.
"""

from __future__ import annotations

from kerascrash.record.cells import shown_file
from kerascrash.record.frames import (
    OPTIMIZED,
    FrameLocals,
    names_of,
    parameters_of,
)
from kerascrash.record.places import is_user_file
from kerascrash.record.roots import ARGUMENT, INNER, LIBRARY, LOCAL, Group

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType
    from typing import Any

FRAMES_DEEP, FRAMES_KEPT, SAME_CODE = 600, 16, 3
LIBRARY_FRAMES, LIBRARY_GROUPS = 4, 12


class Locals(Group):
    """The variables of a running function of the user."""

    scope = "frame"

    def __init__(
        self, frame: FrameType, tag: str, *, outer: bool, traced: bool
    ) -> None:
        code = frame.f_code
        where = f"{frame.f_globals.get('__name__', '?')}.{code.co_name}"
        home = (code.co_filename, code.co_name)
        key = f"{home[0]}:{home[1]}:{tag}."
        super().__init__(key, where, home, LOCAL if outer else INNER)
        self._names = names_of(frame)
        self.costs = dict.fromkeys(parameters_of(frame), ARGUMENT)
        self._locals = FrameLocals(frame, traced=traced)

    def __enter__(self) -> Group:
        self._locals.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._locals.__exit__()

    def is_hidden(self) -> bool:
        return self._locals.is_hidden()

    def names(self) -> list[str]:
        return self._names

    def get(self, name: str) -> Any:
        return self._locals.get(name)


class Parameters(Locals):
    """What the user has passed to a library's function that is running now."""

    def __init__(
        self, frame: FrameType, caller: FrameType, tag: str, traced: bool
    ) -> None:
        super().__init__(frame, tag, outer=False, traced=traced)
        self._names = parameters_of(frame)
        self.cost, self.costs = LIBRARY, {}
        self.path = f"{frame.f_code.co_name}()"
        code = caller.f_code
        self.home = (code.co_filename, code.co_name)
        self.place = {
            "file": shown_file(code.co_filename),
            "line": caller.f_lineno or 0,
            "function": code.co_name,
        }


def frame_groups(top: FrameType, tag: str, *, traced: bool) -> list[Group]:
    """Return groups for one thread: user frames from the outermost, then libraries'."""
    chain: list[FrameType] = []
    frame: FrameType | None = top
    while frame is not None and len(chain) < FRAMES_DEEP:
        chain.append(frame)
        frame = frame.f_back
    chain.reverse()
    users = [i for i, f in enumerate(chain) if is_user_file(f.f_code.co_filename)]
    functions = [i for i in users if chain[i].f_code.co_flags & OPTIMIZED]
    if len(functions) > 2 * FRAMES_KEPT:
        functions = functions[:FRAMES_KEPT] + functions[-FRAMES_KEPT:]
    seen: dict[int, int] = {}
    groups: list[Group] = []
    for i in functions:
        times = seen[id(chain[i].f_code)] = seen.get(id(chain[i].f_code), 0) + 1
        if times <= SAME_CODE:
            label = f"{tag}{times if times > 1 else ''}"
            groups.append(Locals(chain[i], label, outer=not groups, traced=traced))
    return groups + _library_groups(chain, users, tag, traced=traced)


def _library_groups(
    chain: list[FrameType], users: list[int], tag: str, *, traced: bool
) -> list[Group]:
    """Return groups for what the user's frames have passed to libraries."""
    found: list[Group] = []
    own = __name__.partition(".")[0]
    stops = [*users[1:], len(chain)]
    for start, stop in zip(users, stops, strict=False):
        for frame in chain[start + 1 : min(stop, start + 1 + LIBRARY_FRAMES)]:
            module = str(frame.f_globals.get("__name__", ""))
            if module.partition(".")[0] != own and parameters_of(frame):
                found.append(Parameters(frame, chain[start], tag, traced))
    return found[-LIBRARY_GROUPS:]


def running(top: FrameType) -> list[tuple[str, str, int]]:
    """Return file, function and line of the user's functions, outermost first."""
    found: list[tuple[str, str, int]] = []
    frame: FrameType | None = top
    for _ in range(200):
        if frame is None:
            break
        code = frame.f_code
        if is_user_file(code.co_filename):
            found.append((code.co_filename, code.co_name, frame.f_lineno or 0))
        frame = frame.f_back
    return found[::-1]
