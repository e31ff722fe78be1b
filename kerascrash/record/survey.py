"""
One look at the user's names: which to visit now, and visiting them within the budget.

A name that has not changed for some scans is visited less often, so the cost of a scan
is that of what changes. When the budget runs out the rest waits for the next scan,
oldest first, and its former figures stand in.
"""

from __future__ import annotations

import sys
import threading
from time import thread_time_ns

from kerascrash.record import kinds as k
from kerascrash.record.frame_roots import frame_groups, running
from kerascrash.record.frames import MISSING
from kerascrash.record.owners import ATOM_WORTH, Surveyor
from kerascrash.record.places import is_user_file
from kerascrash.record.recall import LONGEST_REST, Memory, Unit
from kerascrash.record.roots import (
    REDISCOVERY,
    Captured,
    ClassAttributes,
    Group,
)
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
CHEAP_US = 100
LEAST_GROUPS = 4
"""So many namespaces are gone through in every scan, those that wait longest first:
where finding them has used up the budget, each has its turn all the same."""
EXTRA_GROUPS, CLASS_MEMBERS = 400, 200


class Survey:
    """One scan, which brings the ``memory`` up to date."""

    def __init__(self, memory: Memory, kinds: Kinds, modules: UserModules) -> None:
        self._memory = memory
        self._units = memory.units
        self._kinds = kinds
        self._modules = modules
        self._scan = memory.scan
        self.complete = True
        self.cost_us = 0
        self.stack: list[tuple[str, str, int]] = []
        self._due: list[tuple[Group, list[str]]] = []
        self._present: set[str] = set()
        self._groups: set[str] = set()
        self._late = False
        self._budget_us = 0
        self._turns = 1
        self._costs: dict[int, int] = {}
        self._extra: list[Group] = []
        self._known: set[int] = set()

    def run(
        self, budget_us: int, frames: Any, *, traced: bool, away: bool = False
    ) -> None:
        """Look at everything that is due; ``away``: not on the user's own thread."""
        began = thread_time_ns()
        self._budget_us = budget_us
        self._kinds.begin()
        walker = Walker(self._kinds, budget_us * 1000, traced=traced, away=away)
        try:
            self._enumerate(frames, walker, traced=traced)
            self._drop_what_is_gone()
            self._visit_due(walker)
        finally:
            self._due, self._extra = [], []
            walker.roots.clear()
            self._kinds.forget()
        self.cost_us = (thread_time_ns() - began) // 1000

    def _enumerate(self, frames: Any, walker: Walker, *, traced: bool) -> None:
        """Note what every name holds, and which names are due."""
        groups = self._modules.groups()
        threads = frames if frames is not None else sys._current_frames()  # noqa: SLF001
        try:
            main = threading.main_thread().ident
            for ident in self._some_threads(threads, main):
                tag = "" if ident == main else f"#{ident}"
                groups += frame_groups(threads[ident], tag, traced=traced)
                self.stack += running(threads[ident])
            before = self._memory.enumerated
            groups.sort(key=lambda group: (before.get(group.key, 0), group.cost))
            for group in groups:
                self._enumerate_group(group, walker)
            for group in self._extra[:EXTRA_GROUPS]:
                self._enumerate_group(group, walker)
            self._remember_roots(walker)
        finally:
            # our own frame is among these: the circle would keep every frame alive,
            # and so every local of the user's, until the next garbage collection
            del threads, frames, groups

    def _some_threads(
        self, threads: Mapping[int, FrameType], main: int | None
    ) -> list[int]:
        others = sorted(ident for ident in threads if ident != main)
        if len(others) > THREADS:
            self._turns = 1 + len(others) // THREADS
            start = self._scan * THREADS % len(others)
            others = (others + others)[start : start + THREADS]
        first = [main] if main is not None and main in threads else []
        return first + others

    def _enumerate_group(self, group: Group, walker: Walker) -> None:
        due: list[str] = []
        dull = self._memory.dull.setdefault(group.key, {})
        late = len(self._groups) >= LEAST_GROUPS and walker.half_time()
        late = late or group.is_hidden()
        with group:
            for name in () if late else group.names():
                value = group.get(name)
                if value is MISSING or dull.get(name) == id(value):
                    continue
                if self._note_root(group, name, value, walker, dull):
                    due.append(name)
                value = None
        if not late:
            self._groups.add(group.key)
            self._memory.enumerated[group.key] = self._scan
        self._late = self._late or late
        self.complete = not self._late
        if due:
            self._due.append((group, due))

    def _remember_roots(self, walker: Walker) -> None:
        """Let names that there was no time for keep what they held before."""
        for key, unit in self._units.items():
            if unit.group not in self._groups and unit.node is not None:
                walker.roots.setdefault(unit.ident[0], key)

    def _note_root(
        self, group: Group, name: str, value: Any, walker: Walker, dull: dict[str, int]
    ) -> bool:
        value, info = self._kinds.look(value)
        if info.kind in (k.BARRIER, k.CLASS, k.FUNCTION):
            if not self._discover(value, info.kind):
                dull[name] = id(value)
            return False
        length = -1
        if info.kind in (k.SEQUENCE, k.SET, k.DEQUE, k.MAPPING):
            length = info.base.__len__(value)
        elif info.kind == k.ATOM and info.base.__sizeof__(value) < ATOM_WORTH:
            return False
        key, ident, cost = group.key + name, id(value), group.cost_of(name)
        self._present.add(key)
        if cost < self._costs.get(ident, 1 << 30):
            self._costs[ident] = cost
            walker.roots[ident] = key
        unit = self._units.get(key)
        if unit is None:
            return True
        unit.changed = unit.ident != (ident, length)
        unit.ident = (ident, length)
        return unit.changed or self._scan - unit.scan >= unit.rest

    def _discover(self, value: Any, kind: int) -> bool:
        """Note a class or function of the user's; return whether it may hold things."""
        if kind == k.BARRIER:
            value = attribute(value, "_python_function")  # what tf.function wraps
            kind = self._kinds.of(type(value)).kind
        if kind == k.FUNCTION:
            return self._discover_function(value)
        if kind != k.CLASS or class_module(value) not in self._modules.files:
            return False
        if id(value) not in self._known:
            self._known.add(id(value))
            module = class_module(value)
            file = self._modules.files[module]
            self._extra.append(ClassAttributes(value, module, file))
            if self._scan % REDISCOVERY == 1:
                for member in list(class_attributes(value).values())[:CLASS_MEMBERS]:
                    if self._kinds.of(type(member)).kind == k.FUNCTION:
                        self._discover_function(member)
        return True

    def _discover_function(self, function: Any) -> bool:
        holds = function.__closure__ or function.__defaults__ or function.__kwdefaults__
        if not holds or not is_user_file(function.__code__.co_filename):
            return False
        if id(function) not in self._known:
            self._known.add(id(function))
            self._extra.append(Captured(function, str(function.__module__)))
        return True

    def _drop_what_is_gone(self) -> None:
        for key, unit in list(self._units.items()):
            if unit.group in self._groups:
                gone = key not in self._present
            else:  # a function has returned, or it is not the thread's turn
                since = self._scan - self._memory.enumerated.get(unit.group, 0)
                gone = not self._late and since > unit.patience
            if gone:
                del self._units[key]

    def _visit_due(self, walker: Walker) -> None:
        due = {group.key + name for group, names in self._due for name in names}
        for key, unit in self._units.items():
            if key not in due:
                walker.seen.update(unit.claims)
            elif not unit.changed:
                walker.owned.update(dict.fromkeys(unit.settled, key))
        self._due.sort(key=lambda pair: self._age(*pair))
        walker.begin_visits()
        surveyor = Surveyor(walker, self._kinds, self._modules.files, self._memory)
        for group, names in self._due:
            if walker.cut:
                self.complete = False
                break
            with group:
                ordered = [  # of equals, in the order in which the user made them
                    (self._last_visit(group, n), group.cost_of(n), i, n)
                    for i, n in enumerate(names)
                ]
                for *_, name in sorted(ordered):
                    if not walker.cut:
                        self._visit(group, name, walker, surveyor)
        self._hand_over(walker)

    def _hand_over(self, walker: Walker) -> None:
        """Let names that were refused what its owner has given up have it next time."""
        for key, claim in walker.refused.items():
            owner, unit = self._units.get(walker.owned[claim]), self._units.get(key)
            if unit is not None and (owner is None or claim not in owner.claims):
                unit.rest = 1

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
        unit.patience = self._turns + group.patience
        home = group.home
        node = Node(
            group.owner(name),
            f"{group.path}.{name}",
            group.scope,
            home,
            f"{home[0]}:{home[1]}.{name}",
        )
        node.target = (name, group.scope == "class", ())
        node.place = group.place
        walker.begin_name()
        began = thread_time_ns()
        if walker.is_owned_elsewhere(value, key):
            unit.note(None, [])
        else:
            surveyor.fill(value, node, key)
            if not walker.cut or unit.is_worse_than(node):
                unit.note(node, walker.claims)
        unit.cut = walker.cut
        self.complete = self.complete and not walker.cut
        self._rest(unit, (thread_time_ns() - began) // 1000)

    def _rest(self, unit: Unit, cost_us: int) -> None:
        """
        Decide when to look again: at once if it changes or costs little.

        A name that was cut short because others had used up the time is among the first
        of the next scan; one that used it up itself is not.
        """
        size = unit.node.total() if unit.node is not None else 0.0
        if unit.cut and cost_us < self._budget_us // 3:
            unit.rest, unit.scan = 1, max(0, unit.scan - 1)
            return
        still = size <= unit.size if unit.cut else size == unit.size
        dear = unit.cut or cost_us > CHEAP_US
        unit.rest = min(2 * unit.rest, LONGEST_REST) if still and dear else 1
        unit.size, unit.scan = size, self._scan
