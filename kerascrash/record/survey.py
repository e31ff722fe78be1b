"""
One look at the user's names: which to visit now, and visiting them within the budget.

A name that has not changed for some scans is visited less often, so the cost of a scan is
that of what changes. When the budget runs out the rest waits for the next scan, oldest
first, and its former figures stand in.
"""

from __future__ import annotations

import sys
import threading
from time import perf_counter_ns

from kerascrash.record import kinds as k
from kerascrash.record.frames import MISSING
from kerascrash.record.owners import ATOM_WORTH, Surveyor
from kerascrash.record.places import is_user_file
from kerascrash.record.roots import Captured, ClassAttributes, Group, frame_groups
from kerascrash.record.safe import attribute, class_attributes, class_module
from kerascrash.record.tally import Node
from kerascrash.record.walk import Walker

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import FrameType
    from typing import Any

    from kerascrash.record.kinds import Kinds
    from kerascrash.record.roots import UserModules

THREADS = 24
"""Threads looked at in one scan besides the main one, in turn."""
LONGEST_REST = 8
CHEAP_US = 100
EXTRA_GROUPS = 400


class Unit:
    """What is known of one name; numbers and text only."""

    __slots__ = ("claims", "cut", "group", "ident", "node", "rest", "scan", "size")

    def __init__(self, group: str) -> None:
        self.group = group
        self.node: Node | None = None
        self.claims: list[object] = []
        self.ident: tuple[int, int] = (0, 0)
        """``id`` of what the name holds, and its length if it is a plain container."""
        self.scan = 0
        self.rest = 1
        self.size = -1.0
        self.cut = False


class Survey:
    """One scan over ``units``, which it brings up to date."""

    def __init__(
        self, units: dict[str, Unit], kinds: Kinds, modules: UserModules, scan: int
    ) -> None:
        self._units = units
        self._kinds = kinds
        self._modules = modules
        self._scan = scan
        self.complete = True
        self.cost_us = 0
        self.stack: list[tuple[str, str, int]] = []
        self._due: list[tuple[Group, list[str]]] = []
        self._present: set[str] = set()
        self._groups: set[str] = set()
        self._costs: dict[int, int] = {}
        self._extra: list[Group] = []
        self._known: set[int] = set()

    def run(self, budget_us: int, frames: Any, *, traced: bool) -> None:
        """Look at everything that is due."""
        began = perf_counter_ns()
        self._kinds.begin()
        walker = Walker(self._kinds, budget_us * 1000, traced=traced)
        try:
            self._enumerate(frames, walker, traced=traced)
            self._drop_what_is_gone()
            self._visit_due(walker)
        finally:
            self._due, self._extra = [], []
            walker.roots.clear()
            self._kinds.forget()
        self.cost_us = (perf_counter_ns() - began) // 1000

    def _enumerate(self, frames: Any, walker: Walker, *, traced: bool) -> None:
        """Note what every name holds, and which names are due."""
        threads = frames if frames is not None else sys._current_frames()  # noqa: SLF001
        groups = self._modules.groups()
        main = threading.main_thread().ident
        for ident, top in self._some_threads(threads, main):
            tag = "" if ident == main else f"#{ident}"
            groups += frame_groups(top, tag, traced=traced)
            self.stack += running(top)
        groups.sort(key=lambda group: group.cost)
        for group in groups:
            self._enumerate_group(group, walker)
        for group in self._extra[:EXTRA_GROUPS]:
            self._enumerate_group(group, walker)

    def _some_threads(
        self, threads: Mapping[int, FrameType], main: int | None
    ) -> list[tuple[int, FrameType]]:
        others = sorted(ident for ident in threads if ident != main)
        if len(others) > THREADS:
            start = self._scan * THREADS % len(others)
            others = (others + others)[start : start + THREADS]
        first = [main] if main in threads else []
        return [(ident, threads[ident]) for ident in (*first, *others) if ident]

    def _enumerate_group(self, group: Group, walker: Walker) -> None:
        due: list[str] = []
        self._groups.add(group.key)
        with group:
            for name in group.names():
                value = group.get(name)
                if value is MISSING or walker.out_of_time():
                    continue
                if self._note_root(group, name, value, walker):
                    due.append(name)
                value = None
        if walker.cut:  # what was not seen may still be there
            self._groups.discard(group.key)
        if due:
            self._due.append((group, due))

    def _note_root(self, group: Group, name: str, value: Any, walker: Walker) -> bool:
        info = self._kinds.of(type(value))
        self._discover(value, info.kind, group)
        if info.kind in (k.BARRIER, k.CLASS):
            return False
        length = -1
        if info.kind in (k.SEQUENCE, k.SET, k.DEQUE, k.MAPPING):
            length = info.base.__len__(value)
        elif info.kind == k.ATOM:
            if info.base.__sizeof__(value) < ATOM_WORTH:
                return False
        key, ident, cost = group.key + name, id(value), group.cost_of(name)
        self._present.add(key)
        if cost < self._costs.get(ident, 1 << 30):
            self._costs[ident] = cost
            walker.roots[ident] = key
        unit = self._units.get(key)
        if unit is None:
            return True
        changed = unit.ident != (ident, length)
        unit.ident = (ident, length)
        return changed or self._scan - unit.scan >= unit.rest

    def _discover(self, value: Any, kind: int, group: Group) -> None:
        """Note classes and functions of the user: they hold things of their own."""
        if kind == k.BARRIER:
            value = attribute(value, "_python_function")  # what tf.function wraps
            kind = self._kinds.of(type(value)).kind
        if kind not in (k.CLASS, k.FUNCTION) or id(value) in self._known:
            return
        self._known.add(id(value))
        if kind == k.FUNCTION:
            self._discover_function(value)
        elif class_module(value) in self._modules.files:
            module = class_module(value)
            self._extra.append(
                ClassAttributes(value, module, self._modules.files[module])
            )
            for member in list(class_attributes(value).values())[:200]:
                if self._kinds.of(type(member)).kind == k.FUNCTION:
                    self._discover_function(member)

    def _discover_function(self, function: Any) -> None:
        holds = function.__closure__ or function.__defaults__ or function.__kwdefaults__
        if holds and is_user_file(function.__code__.co_filename):
            self._extra.append(Captured(function, str(function.__module__)))

    def _drop_what_is_gone(self) -> None:
        for key, unit in list(self._units.items()):
            absent = unit.group in self._groups and key not in self._present
            if absent or self._scan - unit.scan > 20 * LONGEST_REST:
                del self._units[key]

    def _visit_due(self, walker: Walker) -> None:
        due = {group.key + name for group, names in self._due for name in names}
        for key, unit in self._units.items():
            if key not in due:
                walker.seen.update(unit.claims)
        self._due.sort(key=lambda pair: self._age(*pair))
        surveyor = Surveyor(walker, self._kinds, self._modules.files)
        for group, names in self._due:
            if walker.cut:
                self.complete = False
                break
            with group:
                ordered = [(self._last_visit(group, n), group.cost_of(n), n) for n in names]
                for _, _, name in sorted(ordered):
                    if not walker.cut:
                        self._visit(group, name, walker, surveyor)

    def _age(self, group: Group, names: list[str]) -> tuple[int, int]:
        """Return what sorts the names that wait longest before the others."""
        oldest = min(self._last_visit(group, name) for name in names)
        return oldest, group.cost

    def _last_visit(self, group: Group, name: str) -> int:
        unit = self._units.get(group.key + name)
        return unit.scan if unit is not None else 0

    def _visit(
        self, group: Group, name: str, walker: Walker, surveyor: Surveyor
    ) -> None:
        key = group.key + name
        value = group.get(name)
        if value is MISSING:
            return
        unit = self._units.setdefault(key, Unit(group.key))
        home = group.home
        node = Node(
            group.owner(name),
            f"{group.path}.{name}",
            group.scope,
            home,
            f"{home[0]}:{home[1]}.{name}",
        )
        node.target = (name, group.scope == "class", None)
        node.place = group.place
        walker.begin_name()
        began = perf_counter_ns()
        if walker.is_owned_elsewhere(value, key):
            unit.node = None
        else:
            surveyor.fill(value, node, key)
            if not walker.cut or unit.node is None:
                unit.node, unit.claims = node, walker.claims
        unit.cut = walker.cut
        self.complete = self.complete and not walker.cut
        self._rest(unit, (perf_counter_ns() - began) // 1000)

    def _rest(self, unit: Unit, cost_us: int) -> None:
        """Decide when to look again: at once if it changes or costs little."""
        size = unit.node.total() if unit.node is not None else 0.0
        still = unit.cut or size == unit.size
        dear = unit.cut or cost_us > CHEAP_US
        unit.rest = min(2 * unit.rest, LONGEST_REST) if still and dear else 1
        unit.size, unit.scan = size, self._scan


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
