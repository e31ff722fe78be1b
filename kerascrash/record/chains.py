"""
Objects of a class that hold others of it: linked lists, trees, graphs.

They are walked in a loop, never by recursion, and within the budget. A chain is told
by one attribute, and its length is known from the former look: the walk ends where the
ids that were at its head then come by again, in their order. What is in each object is
measured of a sample. Where the walk has to stop, the count is what was met so far.
"""

from __future__ import annotations

import types
from itertools import islice

from kerascrash.record import kinds as k
from kerascrash.record.safe import attributes, class_attributes, mro_of
from kerascrash.record.sampling import take

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from kerascrash.record.kinds import ClassInfo, Kinds
    from kerascrash.record.tally import Tally
    from kerascrash.record.walk import Walker

LEAST = 16
"""So many objects that hang on each other are shown as one thing."""
RECOUNTED = 1024
"""A chain so short is counted anew each time: that cannot drift."""
LONGEST, MOST = 4096, 1024
"""Links of a chain, and objects of a tree, that one look walks at most."""
STRETCH = 32
"""Links between two looks at the clock; of each stretch the first may be sampled."""
MARKS, ALIKE = 32, 4
"""Ids remembered of a chain's head; so many of them in order are no coincidence."""
SAMPLE, HEADER = 32, 16
_CONTAINERS = (k.SEQUENCE, k.DEQUE, k.SET, k.MAPPING)


class Chain:
    """What is remembered of a chain: the ids at its head, and its length."""

    __slots__ = ("count", "marks")

    def __init__(self, marks: dict[int, int], count: int) -> None:
        self.marks = marks
        self.count = count


class Cluster:
    """Objects of one class that hang on each other."""

    __slots__ = ("between", "complete", "count", "link", "met")

    def __init__(self, met: list[Any], count: int, link: str, complete: bool) -> None:
        self.met = met
        """All of them, or a sample that is evenly spread."""
        self.count = count
        self.link = link
        """The attribute by which each holds the next, if it is a chain."""
        self.complete = complete
        self.between = 0
        """Bytes of the containers that hold them."""


class _Sample:
    """Objects of a long row, evenly spread; few at a time are held."""

    def __init__(self) -> None:
        self.kept: list[Any] = []
        self._stride = 1
        self._seen = 0

    def see(self, one: Any) -> None:
        if self._seen % self._stride == 0:
            self.kept.append(one)
            if len(self.kept) > 2 * SAMPLE:
                del self.kept[1::2]
                self._stride *= 2
        self._seen += 1


def find_cluster(
    obj: Any, info: ClassInfo, kinds: Kinds, walker: Walker, known: dict[str, Chain],
    key: str,
) -> Cluster | None:  # fmt: skip
    """Return what hangs on the object of a user's class, None if that is not much."""
    cls = info.cls
    held = list(attributes(obj, cls))
    links = [name for name, value in held if type(value) is cls]
    inside = any(_first(value, kinds) is cls for _, value in held)
    if not links and not inside:
        return None
    if len(links) == 1 and not inside and _is_plain(cls, links[0]):
        return _walk_chain(obj, cls, links[0], walker, known, key)
    return _walk_tree(obj, cls, kinds, walker)


def measure(
    cluster: Cluster, tally: Tally, walker: Walker, kinds: Kinds, root: str
) -> None:
    """Add what a sample of the objects holds, besides each other."""
    met, cls = cluster.met, type(cluster.met[0])
    tally.add(cluster.between)
    some = met[:: max(1, len(met) // SAMPLE)][:SAMPLE]
    weight = cluster.count / len(some)
    tally.estimated = tally.estimated or weight > 1
    columns: dict[str, list[Any]] = {}
    for one in some:
        tally.add(object.__sizeof__(one) + HEADER, weight)
        for name, value in attributes(one, cls):
            if cls not in (type(value), _first(value, kinds)):
                columns.setdefault(name, []).append(value)
    for name in columns:
        values = columns[name]
        shared = len(values) > 2 and 2 * len({id(one) for one in values}) <= len(values)
        for value in values:
            walker.add(value, tally, root, 2, 1.0 if shared else weight)


def _walk_chain(
    obj: Any, cls: type, link: str, walker: Walker, known: dict[str, Chain], key: str
) -> Cluster | None:
    """Walk from link to link, a stretch at a time."""
    former = known.get(key) or Chain({}, 0)
    sample, seen = _Sample(), walker.seen
    heads: dict[int, int] = {}
    node, count, length = obj, 0, -1
    while True:
        ids, after = _stretch(node, cls, link)
        if not seen.isdisjoint(ids):  # a ring, or what another name holds
            ids, after = ids[: next(n for n, i in enumerate(ids) if i in seen)], None
        if not count:
            heads = {ident: at for at, ident in enumerate(ids[:MARKS])}
        if ids:
            sample.see(node)
        seen.update(ids)
        if length < 0:
            length = _length_by(former, ids, count)
        count += len(ids)
        node = after
        if type(node) is not cls or not ids:
            length = count
            break
        if count >= (RECOUNTED if length >= 0 else LONGEST) or walker.out_of_time():
            break
    if count < LEAST:
        seen.difference_update(heads)
        return None
    # A part of it will do as the former length: what is put before it is still right.
    complete, length = (
        length >= 0,
        max(length, count, 0 if length >= 0 else former.count),
    )
    known[key] = Chain(heads, length)
    return Cluster(sample.kept, length, link, complete=complete)


def _stretch(node: Any, cls: type, link: str) -> tuple[list[int], Any]:
    """Return ids from ``node`` on, and what follows; no code of the user's runs."""
    ids: list[int] = []
    get = object.__getattribute__
    try:
        for _ in range(STRETCH):
            if type(node) is not cls:
                break
            ids.append(id(node))
            node = get(node, link)
    except AttributeError:  # a slot that was never set
        node = None
    if len(set(ids)) < len(ids):  # a small ring
        return list(dict.fromkeys(ids)), None
    return ids, node


def _length_by(former: Chain, ids: list[int], count: int) -> int:
    """
    Return the whole length if the former head comes by in ``ids``, else -1.

    Only where objects were put before it: else the other end may be what grows.
    """
    places = [at for at, ident in enumerate(ids) if ident in former.marks]
    for at in places:
        was = former.marks[ids[at]]
        row = [former.marks.get(ident) for ident in ids[at : at + ALIKE]]
        if row == list(range(was, was + ALIKE)) and count + at > was:
            return count + at + former.count - was
    return -1


def _walk_tree(obj: Any, cls: type, kinds: Kinds, walker: Walker) -> Cluster | None:
    """Walk what is reached by attributes, and by containers in them, breadth first."""
    seen, met = walker.seen, [obj]
    seen.add(id(obj))
    complete, more, between = True, 0, 0
    for at, node in enumerate(met):  # grows while it is walked
        if len(met) > MOST or (at % STRETCH == 0 and walker.out_of_time()):
            complete = False
            break
        for _, value in attributes(node, cls):
            parts, count = [value], 1
            if type(value) is not cls:
                if _first(value, kinds) is not cls:
                    continue
                info = kinds.of(type(value))
                count, between = info.base.__len__(value), between + _own(value, info)
                parts = take(value, info, range(min(count, MOST)), MOST)
                more += max(0, count - MOST)
            for part in parts:
                if type(part) is cls and id(part) not in seen:
                    seen.add(id(part))
                    met.append(part)
    if len(met) < LEAST:
        seen.difference_update(map(id, met))
        return None
    # With so many in one container, their number is what tells whether it grows.
    found = Cluster(met, len(met) + more, "", complete=complete or more > 0)
    found.between = between
    return found


def _own(value: Any, info: ClassInfo) -> int:
    return int(info.base.__sizeof__(value))


def _first(value: Any, kinds: Kinds) -> Any:
    """Return the class of a container's first element, of a dict's first value."""
    info = kinds.of(type(value))
    if info.kind not in _CONTAINERS or not info.base.__len__(value):
        return None
    if info.kind == k.MAPPING:
        try:
            return next((type(one) for one in islice(dict.values(value), 1)), None)
        except RuntimeError:
            return None
    return next((type(one) for one in take(value, info, range(1), 1)), None)


def _is_plain(cls: type, name: str) -> bool:
    """Return whether an attribute is a slot or an entry of the object's dictionary."""
    for base in mro_of(cls):
        found = class_attributes(base).get(name)
        if found is not None and type(found) is not types.MemberDescriptorType:
            spaces = map(class_attributes, mro_of(type(found)))
            return not any("__get__" in space for space in spaces)
    return True
