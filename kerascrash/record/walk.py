"""
Walk what one object holds, counting every buffer once, within a budget of time.

Long containers are sampled: a few dozen elements, spread and at the end, stand for the
rest, so a list of ten million costs what a list of a hundred does.
"""

from __future__ import annotations

import gc
from time import perf_counter_ns, thread_time_ns

from kerascrash.record import kinds as k
from kerascrash.record.frames import MISSING, FrameLocals, names_of
from kerascrash.record.held import closed_over, model_parts
from kerascrash.record.places import is_user_file
from kerascrash.record.safe import attributes
from kerascrash.record.sampling import NESTED, SPREAD, WIDE, positions, take
from kerascrash.record.sizing_numpy import ArraySizer, object_items

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from kerascrash.record.kinds import ClassInfo, Kinds
    from kerascrash.record.leaf import Leaf
    from kerascrash.record.tally import Tally

_ALIKE = (k.SEQUENCE, k.DEQUE, k.SET, k.MAPPING)
"""Elements of these resemble each other; attributes of an object do not."""
DEPTH = 10
GENEROUS = 150
"""Objects visited under one name before samples shrink to the smallest."""
PREEMPTED, PREEMPTED_AWAY = 120, 3
"""The budget is CPU time; on a busy machine it may take so many times as long: while
others have the processor the user's thread would stand still without a scan as well,
and what is found must not depend on them. Away from the user's own thread it may not
take long: the GIL would be taken from us meanwhile."""
GRACE = 8
"""So often a scan that is late goes on (256 objects): else, on a machine so busy that
it is always late, nothing would ever be measured."""
CLAIM_WORTH = 1 << 16
"""Buffers of so many bytes stay claimed by their owner between scans."""


class Walker:
    """Measures objects for one scan; ``claims`` collects keys of big buffers found."""

    def __init__(
        self, kinds: Kinds, budget_ns: int, *, traced: bool, away: bool = False
    ) -> None:
        self._kinds = kinds
        now = thread_time_ns()
        self._half = budget_ns // 2
        self._cpu_half, self._cpu_end = now + self._half, now + budget_ns
        longer = PREEMPTED_AWAY if away else PREEMPTED
        self._wall_end = perf_counter_ns() + longer * budget_ns
        self._traced = traced
        self._steps = self._name_began = self._grace = 0
        self.seen: set[object] = set()
        self.roots: dict[int, str] = {}
        """``id`` of what names hold directly → key of the name that owns it."""
        self.owned: dict[object, str] = {}
        """Claim → key of the name that had it in the last scan and is due in this."""
        self.refused: dict[str, object] = {}
        """Key of a name → a claim that another name was to have."""
        self.claims: list[object] = []
        self.cut = False

    def begin_name(self) -> None:
        """Begin with another name: it has a share of its own."""
        self.claims = []
        self._name_began = self._steps

    def recall(self, obj: object, claims: list[object]) -> None:
        """Take an object as walked: it was, in an earlier scan, and had ``claims``."""
        self.seen.add(id(obj))
        self.seen.update(claims)
        self.claims += claims

    def out_of_time(self) -> bool:
        """Return whether the budget is spent; once it is, nothing more is added."""
        if not self.cut:
            late = perf_counter_ns() > self._wall_end
            late = late or thread_time_ns() > self._cpu_end
            self._grace -= late
            self.cut = late and self._grace < 0
        return self.cut

    def begin_visits(self) -> None:
        """Begin to measure: half of the budget is left for it, whatever was used."""
        self._cpu_end = max(self._cpu_end, thread_time_ns() + self._half)
        self._grace = GRACE

    def half_time(self) -> bool:
        """Return whether half of the budget is spent."""
        return thread_time_ns() > self._cpu_half

    def is_counted(self, claim: object, key: str) -> bool:
        """
        Return whether a buffer is counted, or kept for the name that had it before.

        Names are visited in the order of their age, which is one of chance: by it alone
        an alias that rested would come first and take over.
        """
        if claim in self.seen:
            return True
        if self.owned.get(claim, key) == key:
            return False
        self.refused.setdefault(key, claim)
        return True

    def is_owned_elsewhere(self, obj: object, key: str) -> bool:
        """Return whether another name owns the object."""
        owner = self.roots.get(id(obj))
        return owner is not None and owner != key

    def add(self, obj: Any, tally: Tally, key: str, depth: int, weight: float) -> None:
        """Add an object and what it holds to ``tally``, unless counted already."""
        obj, info = self._kinds.look(obj)
        if info.kind in (k.BARRIER, k.CLASS) or depth > DEPTH:
            return
        self._steps += 1
        if self.cut or (self._steps % 32 == 0 and self.out_of_time()):
            return
        ident = id(obj)
        if self.is_counted(ident, key) or (depth and self.is_owned_elsewhere(obj, key)):
            return
        self.seen.add(ident)
        if info.kind == k.ATOM:
            self._add_atom(obj, info, tally, weight)
        elif info.kind == k.LEAF:
            self._add_leaf(obj, info, tally, key, depth, weight)
        else:
            if info.base is not None:
                tally.add(info.base.__sizeof__(obj), weight)
            self._add_parts(obj, info, tally, key, depth, weight)

    def _add_parts(
        self,
        obj: Any,
        info: ClassInfo,
        tally: Tally,
        key: str,
        depth: int,
        weight: float,
    ) -> None:
        parts = list(self._parts(obj, info, tally, depth))
        before = tally.bytes
        for done, (part, factor) in enumerate(parts):
            if self.cut and done:
                if info.kind in _ALIKE:
                    share = self._share_seen(parts, done)
                    tally.bytes = before + (tally.bytes - before) / share
                tally.estimated = True
                break
            self.add(part, tally, key, depth + 1, weight * factor)

    def _share_seen(self, parts: list[tuple[Any, float]], done: int) -> float:
        """
        Return which share of those that resemble the first ``done`` these are.

        What was looked at stands for others of its type: in a record of a model and
        its score, the one says nothing of the other. Keys and numbers weigh nothing
        beside what else there is.
        """
        kinds = [self._kinds.of(type(part)).kind for part, _ in parts]
        if any(kind != k.ATOM for kind in kinds[:done]):
            heavy = [kind != k.ATOM for kind in kinds]
        else:
            heavy = [True] * len(parts)
        types = {type(parts[n][0]) for n in range(done) if heavy[n]}
        alike = [
            (n, factor)
            for n, (part, factor) in enumerate(parts)
            if heavy[n] and type(part) in types
        ]
        return sum(f for n, f in alike if n < done) / sum(f for _, f in alike)

    def leaf(self, obj: Any) -> Leaf | None:
        """Return size and shape of an array, None when it is none or cannot tell."""
        info = self._kinds.of(type(obj))
        try:
            leaf: Leaf | None = info.sizer(obj) if info.sizer else None
        except Exception:  # deleted, closed, half built: then it holds nothing we know
            return None
        return leaf

    def _add_atom(self, obj: Any, info: ClassInfo, tally: Tally, weight: float) -> None:
        size = info.base.__sizeof__(obj)
        if size >= CLAIM_WORTH:
            self.claims.append(id(obj))
        tally.add(size, weight)

    def _add_leaf(
        self,
        obj: Any,
        info: ClassInfo,
        tally: Tally,
        key: str,
        depth: int,
        weight: float,
    ) -> None:
        leaf = self.leaf(obj)
        if leaf is None:
            return
        if leaf.key != id(obj):
            if self.is_counted(leaf.key, key):
                return
            self.seen.add(leaf.key)
        if leaf.bytes >= CLAIM_WORTH:
            self.claims.append(leaf.key)
        tally.add_leaf(leaf, weight)
        if leaf.dtype == "object" and isinstance(info.sizer, ArraySizer):
            items = object_items(obj, SPREAD)
            factor = leaf.bytes / 8 / max(1, len(items))
            tally.estimated = tally.estimated or factor > 1
            for item in items:
                self.add(item, tally, key, depth + 1, weight * factor)

    def _parts(
        self, obj: Any, info: ClassInfo, tally: Tally, depth: int
    ) -> Iterable[tuple[Any, float]]:
        """Return what an object holds, and how many siblings each stands for."""
        kind = info.kind
        if kind in _ALIKE:
            parts = self.elements(obj, info, tally, depth)
            if info.cls is info.base or not self._kinds.is_user_class(info.cls):
                return parts
            return [*parts, *((v, 1.0) for _, v in attributes(obj, info.cls))]
        if kind == k.MODEL:
            return [(part, 1.0) for part in model_parts(obj, info.cls)]
        if kind in (k.USER, k.LIBRARY):
            tally.add(object.__sizeof__(obj))
            return [(value, 1.0) for _, value in attributes(obj, info.cls)]
        if info.cls is not info.base:
            return []  # a subclass may have put code of its own in the way
        return [(part, 1.0) for part in self.callable_parts(obj, kind)]

    def callable_parts(self, obj: Any, kind: int) -> list[Any]:
        """Return what a function, method, generator, partial or cache keeps alive."""
        if kind == k.FUNCTION:
            return [value for _, value in closed_over(obj)]
        if kind == k.METHOD:
            return [getattr(obj, "__self__", None), obj.__func__]
        if kind == k.PARTIAL:
            return [obj.func, obj.args, obj.keywords]
        if kind == k.CACHE:
            return gc.get_referents(obj)[: 2 * WIDE]
        if kind == k.GENERATOR:
            return [value for _, value in self.generator_locals(obj)]
        return []

    def generator_locals(self, obj: Any) -> list[tuple[str, Any]]:
        """Return the variables of a generator of the user's that waits for its turn."""
        frame = obj.gi_frame
        if frame is None or obj.gi_running:
            return []
        if not is_user_file(frame.f_code.co_filename):
            return []
        with FrameLocals(frame, traced=self._traced) as variables:
            found = [(name, variables.get(name)) for name in names_of(frame)]
        return [(name, value) for name, value in found if value is not MISSING]

    def elements(
        self, obj: Any, info: ClassInfo, tally: Tally, depth: int
    ) -> list[tuple[Any, float]]:
        """Return the elements of a container, or a sample with weights."""
        count = info.base.__len__(obj)
        generous = self._steps - self._name_began < GENEROUS
        spread, tail = NESTED[min(depth, 3) if generous else 3]
        if count <= spread + tail:
            return [(x, 1.0) for x in take(obj, info, range(count), count)]
        tally.estimated = True
        body = count - tail
        found = take(obj, info, positions(body, spread), spread)
        if depth == 0 and self._differ(found):
            found = take(obj, info, positions(body, WIDE), WIDE)
        last = take(obj, info, range(body, count), tail, at_end=True)
        taken = len(found) / (2 if info.kind == k.MAPPING else 1)
        distinct = len({id(x) for x in found})
        factor = body / max(1.0, taken) if 2 * distinct > len(found) else 1.0
        return [*((x, factor) for x in found), *((x, 1.0) for x in last)]

    def _differ(self, found: list[Any]) -> bool:
        """Return whether a few of the elements are arrays of different size."""
        sizes = set()
        for one in (*found[:3], *found[::4]):  # neighbours, and all over
            leaf = self.leaf(one)
            sizes.add(leaf.bytes if leaf else -1)
        return len(sizes) > 1
