"""
Walk what one object holds, counting every buffer once, within a budget of time.

Long containers are sampled: a few dozen elements, spread and at the end, stand for the
rest, so a list of ten million costs what a list of a hundred does.
"""

from __future__ import annotations

import gc
from itertools import islice
from time import perf_counter_ns, thread_time_ns

from kerascrash.record import kinds as k
from kerascrash.record.frames import MISSING, FrameLocals, names_of
from kerascrash.record.places import is_user_file
from kerascrash.record.safe import (
    attributes,
    cell_value,
    class_module,
    derives,
    instance_dict,
)
from kerascrash.record.sizing_numpy import ArraySizer, object_items

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from kerascrash.record.kinds import ClassInfo, Kinds
    from kerascrash.record.leaf import Leaf
    from kerascrash.record.tally import Tally

DEPTH = 10
SPREAD, TAIL, WIDE = 24, 8, 128
"""Elements sampled: over the whole, at the end, and when sizes turn out to differ."""
NESTED = ((SPREAD, TAIL), (8, 2), (4, 2), (2, 1))
"""Elements sampled of containers in containers, by depth."""
GENEROUS = 400
"""Objects visited under one name before samples shrink to the smallest."""
PREEMPTED = 3
"""The budget is CPU time; on a busy machine it may take so many times as long."""
CLAIM_WORTH = 1 << 16
"""Buffers of so many bytes stay claimed by their owner between scans."""
_MODEL_PARTS = (
    "_layers", "_trainable_variables", "_non_trainable_variables", "_seed_generators",
    "_metrics", "optimizer", "_self_tracked_trackables", "_trainable_weights",
    "_non_trainable_weights", "_functional",
)  # fmt: skip
"""Attributes under which Keras 2 and 3 keep layers, weights and optimizer slots."""
MODEL_ITEMS = 4096


class Walker:
    """Measures objects for one scan; ``claims`` collects keys of big buffers found."""

    def __init__(self, kinds: Kinds, budget_ns: int, *, traced: bool) -> None:
        self._kinds = kinds
        now = thread_time_ns()
        self._cpu_half, self._cpu_end = now + budget_ns // 2, now + budget_ns
        self._wall_end = perf_counter_ns() + PREEMPTED * budget_ns
        self._traced = traced
        self._steps = self._name_began = 0
        self.seen: set[object] = set()
        self.roots: dict[int, str] = {}
        """``id`` of what names hold directly → key of the name that owns it."""
        self.claims: list[object] = []
        self.cut = False

    def begin_name(self) -> None:
        """Begin with another name: it has a share of its own."""
        self.claims = []
        self._name_began = self._steps

    def out_of_time(self) -> bool:
        """Return whether the budget is spent; once it is, nothing more is added."""
        if not self.cut:
            late = perf_counter_ns() > self._wall_end
            self.cut = late or thread_time_ns() > self._cpu_end
        return self.cut

    def half_time(self) -> bool:
        """Return whether half of the budget is spent."""
        return thread_time_ns() > self._cpu_half

    def is_owned_elsewhere(self, obj: object, key: str) -> bool:
        """Return whether another name owns the object."""
        owner = self.roots.get(id(obj))
        return owner is not None and owner != key

    def add(self, obj: Any, tally: Tally, key: str, depth: int, weight: float) -> None:
        """Add an object and what it holds to ``tally``, unless it is counted already."""
        obj, info = self._kinds.look(obj)
        if info.kind in (k.BARRIER, k.CLASS) or depth > DEPTH:
            return
        self._steps += 1
        if self.cut or (self._steps % 32 == 0 and self.out_of_time()):
            return
        ident = id(obj)
        if ident in self.seen or (depth and self.is_owned_elsewhere(obj, key)):
            return
        self.seen.add(ident)
        if info.kind == k.ATOM:
            self._add_atom(obj, info, tally, weight)
        elif info.kind == k.LEAF:
            self._add_leaf(obj, info, tally, key, depth, weight)
        else:
            if info.base is not None:
                tally.add(info.base.__sizeof__(obj), weight)
            for part, factor in self._parts(obj, info, tally, depth):
                self.add(part, tally, key, depth + 1, weight * factor)

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
            if leaf.key in self.seen:
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
        """Return what an object holds, each with the number of siblings it stands for."""
        kind = info.kind
        if kind in (k.SEQUENCE, k.DEQUE, k.SET, k.MAPPING):
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
            held = [x for x in gc.get_referents(obj) if type(x) is not dict]
            return held[: 2 * WIDE]
        if kind == k.GENERATOR and obj.gi_frame is not None and not obj.gi_running:
            frame = obj.gi_frame
            if is_user_file(frame.f_code.co_filename):
                with FrameLocals(frame, traced=self._traced) as variables:
                    values = [variables.get(name) for name in names_of(frame)]
                return [value for value in values if value is not MISSING]
        return []

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
        found = take(obj, info, _spread(body, spread), spread)
        if depth == 0 and self._differ(found):
            found = take(obj, info, _spread(body, WIDE), WIDE)
        last = take(obj, info, range(body, count), tail, at_end=True)
        taken = len(found) / (2 if info.kind == k.MAPPING else 1)
        distinct = len({id(x) for x in found})
        factor = body / max(1.0, taken) if 2 * distinct > len(found) else 1.0
        return [*((x, factor) for x in found), *((x, 1.0) for x in last)]

    def _differ(self, found: list[Any]) -> bool:
        """Return whether a few of the elements are arrays of different size."""
        sizes = set()
        for one in found[::4]:
            leaf = self.leaf(one)
            sizes.add(leaf.bytes if leaf else -1)
        return len(sizes) > 1


def _spread(count: int, most: int) -> list[int]:
    return [i * count // most for i in range(most)] if count > most else [*range(count)]


def take(
    obj: Any, info: ClassInfo, where: Iterable[int], most: int, *, at_end: bool = False
) -> list[Any]:
    """
    Return elements by position, of sets and mappings those at the start or the end.

    Fewer come back when the container changes meanwhile.
    """
    base, found = info.base, []
    try:
        if info.kind == k.SEQUENCE:
            found.extend(base.__getitem__(obj, i) for i in where)
        elif info.kind == k.DEQUE:  # the middle of a deque is slow to reach
            found.extend(
                islice(base.__reversed__(obj) if at_end else base.__iter__(obj), most)
            )
        elif info.kind == k.SET:
            found.extend(() if at_end else islice(base.__iter__(obj), most))
        else:
            items = dict.items(obj)
            pairs = islice(reversed(items) if at_end else items, most)
            found.extend(part for pair in pairs for part in pair)
    except (IndexError, RuntimeError):
        pass
    return found


def closed_over(function: Any) -> list[tuple[str, Any]]:
    """Return the names and values that a user's function keeps: closure and defaults."""
    code = function.__code__
    if not is_user_file(code.co_filename):
        return []
    cells = function.__closure__ or ()
    found = [(n, cell_value(c)) for n, c in zip(code.co_freevars, cells, strict=False)]
    defaults = function.__defaults__ or ()
    first = code.co_argcount - len(defaults)
    found += zip(code.co_varnames[first : code.co_argcount], defaults, strict=False)
    found += list((function.__kwdefaults__ or {}).items())
    return found


def model_parts(obj: Any, cls: type) -> list[Any]:
    """Return layers, weights and optimizer of a Keras object, all of them."""
    space = instance_dict(obj, cls) or {}
    parts: list[Any] = []
    if "_variables" in space:  # an optimizer: the weights it trains are not its own
        names: tuple[str, ...] = ("_variables",)
    else:
        names = _MODEL_PARTS
    for name in names:
        value = space.get(name)
        if class_module(type(value)) == k.WRAPPERS:
            value = k.unwrap(value)
        if derives(type(value), list):
            parts.extend(list.__getitem__(value, slice(0, MODEL_ITEMS)))
        elif value is not None:
            parts.append(value)
    return parts
