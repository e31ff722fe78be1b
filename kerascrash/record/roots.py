"""
Where names live: user modules, running frames, classes and functions of the user.

A ``Group`` is one namespace. ``cost`` orders namespaces: when two names hold the same
object, it is shown under the name with the smaller cost, which is the one a person would
think of first (a module's variable before a parameter, before a library's parameter).
"""

from __future__ import annotations

import sys

from kerascrash.record.frames import (
    MISSING,
    OPTIMIZED,
    FrameLocals,
    names_of,
    parameters_of,
)
from kerascrash.record.places import is_user_file
from kerascrash.record.safe import class_attributes, class_name, namespace_of
from kerascrash.record.walk import closed_over

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType
    from typing import Any

MODULE, CLASS, LOCAL, INNER, ARGUMENT, CLOSURE, LIBRARY = range(7)
NAMES = 2000
REDISCOVERY = 16
"""Every so many scans the functions in classes are searched for what they hold."""
FRAMES_DEEP, FRAMES_KEPT, SAME_CODE = 600, 16, 3
LIBRARY_FRAMES, LIBRARY_GROUPS = 4, 12
_IGNORED = frozenset(
    ("__builtins__", "__doc__", "__loader__", "__spec__", "__cached__")
)
_NOTEBOOK = frozenset(("In", "_ih", "_oh", "_dh", "_i", "_ii", "_iii", "_sh"))
"""IPython's own names: what they hold is shown under the user's names, or as ``Out``."""


class Group:
    """A namespace: ``get`` works inside ``with``."""

    scope = "module"
    patience = 0
    """Scans in which it may not be met though it is there."""

    def __init__(self, key: str, path: str, home: tuple[str, str], cost: int) -> None:
        self.key = key
        self.path = path
        self.home = home
        self.cost = cost
        self.place: dict[str, Any] | None = None
        """Where the names come from, if no search is needed."""

    def __enter__(self) -> Group:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def names(self) -> list[str]:
        """Return the names to look at."""
        raise NotImplementedError

    def get(self, name: str) -> Any:
        """Return what the name holds, MISSING if nothing."""
        raise NotImplementedError

    def cost_of(self, name: str) -> int:
        """Return how far the name is from the one a person would use."""
        return self.cost if name else LIBRARY

    def owner(self, name: str) -> str:
        """Return the name as it is shown."""
        return name


class Namespace(Group):
    """The variables of a module."""

    def __init__(self, name: str, file: str, space: dict[str, Any]) -> None:
        super().__init__(f"{file}:", name, (file, ""), MODULE)
        self._space = space

    def names(self) -> list[str]:
        found = [n for n in list(self._space) if type(n) is str and n not in _IGNORED]
        return [n for n in found if n not in _NOTEBOOK][:NAMES]

    def get(self, name: str) -> Any:
        return dict.get(self._space, name, MISSING)


class ClassAttributes(Group):
    """What a class itself holds, shared by its instances."""

    scope = "class"

    def __init__(self, cls: type, module: str, file: str) -> None:
        name = class_name(cls)
        super().__init__(f"{file}:{name}.", f"{module}.{name}", (file, name), CLASS)
        self._space = class_attributes(cls)

    def names(self) -> list[str]:
        return [n for n in list(self._space) if n[:2] != "__"][:NAMES]

    def get(self, name: str) -> Any:
        return self._space.get(name, MISSING)

    def owner(self, name: str) -> str:
        return f"{self.home[1]}.{name}"


class Captured(Group):
    """What a function keeps: variables it closes over, values of default arguments."""

    scope = "frame"
    patience = REDISCOVERY

    def __init__(self, function: Any, module: str) -> None:
        code = function.__code__
        name = code.co_name
        home = (code.co_filename, name)
        key = f"{home[0]}:{name}:{code.co_firstlineno}:"
        super().__init__(key, f"{module}.{name}", home, CLOSURE)
        self._held = dict(closed_over(function))

    def names(self) -> list[str]:
        return list(self._held)

    def get(self, name: str) -> Any:
        return self._held.get(name, MISSING)


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
        self._arguments = frozenset(parameters_of(frame))
        self._locals = FrameLocals(frame, traced=traced)

    def __enter__(self) -> Group:
        self._locals.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._locals.__exit__()

    def names(self) -> list[str]:
        return self._names

    def get(self, name: str) -> Any:
        return self._locals.get(name)

    def cost_of(self, name: str) -> int:
        return ARGUMENT if name in self._arguments else self.cost


class Parameters(Locals):
    """What the user has passed to a library's function that is running now."""

    def __init__(
        self, frame: FrameType, caller: FrameType, tag: str, traced: bool
    ) -> None:
        super().__init__(frame, tag, outer=False, traced=traced)
        self._names = parameters_of(frame)
        self.path = f"{frame.f_code.co_name}()"
        code = caller.f_code
        self.home = (code.co_filename, code.co_name)
        self.place = {
            "file": code.co_filename,
            "line": caller.f_lineno or 0,
            "function": code.co_name,
        }

    def cost_of(self, name: str) -> int:
        return LIBRARY


class UserModules:
    """The modules that are the user's own: name → file."""

    def __init__(self) -> None:
        self.files: dict[str, str] = {}
        self._judged: set[str] = set()
        self._count = -1

    def refresh(self) -> None:
        """Judge modules that were imported since the last scan."""
        if len(sys.modules) == self._count:
            return
        self._count = len(sys.modules)
        for name in list(sys.modules):
            if type(name) is str and name not in self._judged:
                self._judged.add(name)
                self._judge(name)

    def _judge(self, name: str) -> None:
        space = namespace_of(sys.modules.get(name))
        if space is None:
            return
        file = space.get("__file__")
        if type(file) is str and is_user_file(file):
            self.files[name] = file
        elif name == "__main__" and type(file) is not str:
            self.files[name] = "<stdin>"  # interactive, -c, or a notebook

    def groups(self) -> list[Group]:
        """Return a group for each, ``__main__`` first."""
        found: dict[int, Group] = {}
        for name in sorted(self.files, key=lambda n: (n != "__main__", n)):
            space = namespace_of(sys.modules.get(name))
            if space is not None and id(space) not in found:
                found[id(space)] = Namespace(name, self.files[name], space)
        return list(found.values())


def frame_groups(top: FrameType, tag: str, *, traced: bool) -> list[Group]:
    """Return groups for one thread: its user frames from the outermost, then libraries'."""
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
