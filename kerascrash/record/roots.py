"""
Where names live: user modules, running frames, classes and functions of the user.

A ``Group`` is one namespace. ``cost`` orders namespaces: when two names hold the same
object, it is shown under the name with the smaller cost, the one a person would
think of first (a module's variable before a parameter, before a library's parameter).
"""

from __future__ import annotations

import sys

from kerascrash.record.cells import MAIN_FILE, current_shell
from kerascrash.record.frames import (
    MISSING,
)
from kerascrash.record.held import closed_over
from kerascrash.record.places import is_user_file
from kerascrash.record.safe import class_attributes, class_name, namespace_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MODULE, CLASS, LOCAL, INNER, ARGUMENT, CLOSURE, LIBRARY = range(7)
NAMES = 2000
REDISCOVERY = 16
"""Every so many scans the functions in classes are searched for what they hold."""
_IGNORED = frozenset(
    ("__builtins__", "__doc__", "__loader__", "__spec__", "__cached__")
)
_NOTEBOOK = frozenset(
    ("In", "_ih", "_oh", "_dh", "_i", "_ii", "_iii", "_sh", "_", "__", "___")
)
"""IPython's own names: what they hold is shown under the user's, or as ``Out``."""


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
        self.costs: dict[str, int] = {}
        """Of names whose cost is not that of the namespace."""
        self.place: dict[str, Any] | None = None
        """Where the names come from, if no search is needed."""

    def __enter__(self) -> Group:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def is_hidden(self) -> bool:
        """Return whether its names cannot be read now, though they are there."""
        return False

    def names(self) -> list[str]:
        """Return the names to look at."""
        raise NotImplementedError

    def get(self, name: str) -> Any:
        """Return what the name holds, MISSING if nothing."""
        raise NotImplementedError

    def cost_of(self, name: str) -> int:
        """Return how far the name is from the one a person would use."""
        return self.costs.get(name, self.cost)

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
        if "_oh" in self._space:
            found = [n for n in found if n not in _NOTEBOOK and not _is_output(n)]
        return found[:NAMES]

    def get(self, name: str) -> Any:
        return dict.get(self._space, name, MISSING)


def _is_output(name: str) -> bool:
    """Return whether IPython made the name for a cell: ``_7``, ``_i7``."""
    return name[:1] == "_" and name[1:].removeprefix("i").isdigit()


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


class UserModules:
    """The modules that are the user's own: name → file."""

    def __init__(self) -> None:
        self.files: dict[str, str] = {}
        self._judged: set[str] = set()
        self._others: dict[str, bool] = {}
        self._count = -1

    def refresh(self) -> None:
        """Judge modules that were imported since the last scan."""
        if current_shell() is not None:
            self._judge("__main__")  # ``%run`` puts another one in its place
        if len(sys.modules) == self._count:
            return
        self._count = len(sys.modules)
        for name in list(sys.modules):
            if type(name) is str and name not in self._judged:
                self._judged.add(name)
                top, _, inner = name.partition(".")
                if not inner or not self._is_of_others(top):
                    self._judge(name)

    def _is_of_others(self, top: str) -> bool:
        """Return whether a package is not the user's: so are its thousand modules."""
        known = self._others.get(top)
        if known is None:
            file = (namespace_of(sys.modules.get(top)) or {}).get("__file__")
            known = self._others[top] = type(file) is str and not is_user_file(file)
        return known

    def _judge(self, name: str) -> None:
        space = namespace_of(sys.modules.get(name))
        if space is None:
            return
        file = space.get("__file__")
        if type(file) is str and is_user_file(file):
            self.files[name] = file
        elif name == "__main__" and type(file) is not str:
            self.files[name] = MAIN_FILE  # interactive, -c, or a notebook

    def groups(self) -> list[Group]:
        """Return a group for each, ``__main__`` first."""
        found: dict[int, Group] = {}
        for name in sorted(self.files, key=lambda n: (n != "__main__", n)):
            space = namespace_of(sys.modules.get(name))
            if space is not None and id(space) not in found:
                found[id(space)] = Namespace(name, self.files[name], space)
        return list(found.values())
