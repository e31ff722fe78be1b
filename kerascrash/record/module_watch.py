"""
Being told when a module is imported, before or after arming.

A finder at the head of ``sys.meta_path`` answers for the few names that are watched:
it lets the other finders find the module, and wraps the loader for that one import.
Afterwards the module shows its own loader: nothing is left to see.
"""

from __future__ import annotations

import sys

from kerascrash.record.hook import guarded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Any

    from kerascrash.record.recorder import Recorder


class ModuleWatch:
    """What to call when an import begins, and when the module has been imported."""

    def __init__(self) -> None:
        self.sought: dict[str, list[Callable[[], object]]] = {}
        self.imported: dict[str, list[Callable[[Any], object]]] = {}

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Implement the finder protocol; None for every name that is not watched."""
        if name not in self.sought and name not in self.imported:
            return None
        for finder in list(sys.meta_path):
            if finder is self or not hasattr(finder, "find_spec"):
                continue
            spec = finder.find_spec(name, path, target)
            if spec is not None:
                if hasattr(spec.loader, "exec_module"):
                    wrapped: Any = _Loader(self, spec.loader)
                    spec.loader = wrapped
                return spec
        return None

    def tell_sought(self, name: str) -> None:
        """Tell that the import begins; what is called may ask to be told as well."""
        while name in self.sought:
            for call in self.sought.pop(name):
                call()

    def tell_imported(self, name: str, module: Any) -> None:
        """Tell, once: a reload is another matter."""
        for call in self.imported.pop(name, ()):
            call(module)

    def catch_up(self) -> None:
        """Tell of modules that came in past this finder: another stood before it."""
        for name in list(self.imported):
            if is_imported(name):
                self.tell_imported(name, sys.modules[name])


class _Loader:
    """The module's loader, for the time of one import; everything else goes to it."""

    def __init__(self, watch: ModuleWatch, loader: Any) -> None:
        self._watch = watch
        self._loader = loader

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        # Not when it is merely looked for: many ask so whether a package is installed.
        self._watch.tell_sought(spec.name)
        create = getattr(self._loader, "create_module", None)
        made: ModuleType | None = create(spec) if create is not None else None
        return made

    def exec_module(self, module: ModuleType) -> None:
        loader = self._loader
        if module.__spec__ is not None:
            module.__spec__.loader = loader
        if getattr(module, "__loader__", None) is self:
            module.__loader__ = loader
        loader.exec_module(module)
        self._watch.tell_imported(module.__name__, module)


_watch = ModuleWatch()


def is_imported(name: str) -> bool:
    """Return whether the module is there and its own code has run to the end."""
    module = sys.modules.get(name)
    spec = getattr(module, "__spec__", None)
    return module is not None and not getattr(spec, "_initializing", False)


def when_imported(
    recorder: Recorder, hook: str, name: str, call: Callable[[Any], object]
) -> Callable[[], None]:
    """
    Call ``call(module)`` once ``name`` is imported: at once if it is already.

    The call is guarded in the name of ``hook``. Returns how to end the watch.
    """
    safe = guarded(recorder, hook, call)
    if is_imported(name):
        safe(sys.modules[name])
        return _nothing
    return _enter(_watch.imported, name, safe)


def when_sought(
    recorder: Recorder, hook: str, name: str, call: Callable[[], object]
) -> Callable[[], None]:
    """Call ``call()`` when the import of ``name`` begins; guarded, as above."""
    return _enter(_watch.sought, name, guarded(recorder, hook, call))


def watch_once(names: tuple[str, ...], call: Callable[[], object]) -> None:
    """Call ``call()`` when the import of one of ``names`` begins, and never again."""
    ends: list[Callable[[], None]] = []

    def first() -> None:
        for end in ends:
            end()
        call()

    ends.extend(_enter(_watch.sought, name, first) for name in names)


def catch_up() -> None:
    """See ``ModuleWatch.catch_up``."""
    _watch.catch_up()


def _enter(
    told: dict[str, list[Callable[..., object]]], name: str, call: Callable[..., object]
) -> Callable[[], None]:
    if _watch not in sys.meta_path:
        sys.meta_path.insert(0, _watch)
    told.setdefault(name, []).append(call)

    def end() -> None:
        calls = told.get(name, [])
        if call in calls:
            calls.remove(call)

    return end


def _nothing() -> None:
    """There is nothing to end."""
