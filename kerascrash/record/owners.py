"""
From values to names: which attribute, dict entry or variable holds how much.

An attribute of an instance of a user's class is called ``ClassName.attribute``, an
entry of a small dict ``name['key']``, everything else by its variable. What is
found inside a longer collection belongs to the collection.
"""

from __future__ import annotations

from itertools import islice
from time import thread_time_ns

from kerascrash.record import kinds as k
from kerascrash.record.chains import find_cluster, measure
from kerascrash.record.recall import Part
from kerascrash.record.safe import attributes, class_module, class_name
from kerascrash.record.sampling import take
from kerascrash.record.tally import HOLDING_MORE, Node, Tally

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from kerascrash.record.kinds import ClassInfo, Kinds
    from kerascrash.record.recall import Memory
    from kerascrash.record.walk import Walker

DICT_ENTRIES, INSTANCES, LEVELS = 32, 16, 4
LONGEST_KEY = 60
PARTS = 12  # of one element, looked at for what holds more than it shows
LOOKED_AT = 6  # elements from which a container's kind is told
_CONTAINERS = (k.SEQUENCE, k.DEQUE, k.SET, k.MAPPING)
_SMALL = (k.ATOM, k.BARRIER, k.CLASS)
ATOM_WORTH = 1 << 16
"""A string or bytes object of so many bytes is a name of its own."""
CACHED = "results of lru_cache"
"""What is said in place of the type of a function that caches what it returned."""
_DEAR = (k.LIBRARY, k.MODEL)
DEAR_US = 100
"""Below so many us a walk is not worth remembering."""


class Surveyor:
    """Fills nodes from objects, for one scan."""

    def __init__(
        self, walker: Walker, kinds: Kinds, files: Any, memory: Memory
    ) -> None:
        self._walker = walker
        self._kinds = kinds
        self._memory = memory
        self._files = files
        """Module name → file, of the user's modules."""
        self._chains = memory.chains

    def fill(self, obj: Any, node: Node, root: str, level: int = 0) -> None:
        """Measure ``obj`` into ``node``; ``root``: the key of the name it hangs on."""
        obj, info = self._kinds.look(obj)
        node.type, node.ident = class_name(info.cls), id(obj)
        if self._walker.is_counted(id(obj), root) or self._walker.out_of_time():
            return
        if info.kind == k.USER and self._fill_cluster(obj, info, node, root):
            node.scan = 0 if self._walker.cut else self._memory.scan
            return
        if level < LEVELS and info.kind in (k.USER, k.MODEL):
            self._fill_instance(obj, info, node, root, level)
        elif level < LEVELS and self._has_named_entries(obj, info):
            self._fill_entries(obj, info, node, root, level)
        elif level < LEVELS and self._holds_instances(obj, info):
            self._fill_instances(obj, info, node, root, level)
        elif level < LEVELS and info.kind == k.GENERATOR:
            self._fill_generator(obj, node, root, level)
        elif level < LEVELS and self._leads_to_users(obj, info):
            self._fill_library(obj, info, node, root, level)
        elif level and info.kind in _DEAR:
            self._add_remembered(obj, node, root)
        else:
            self._walker.add(obj, node.tally, root, 0, 1.0)
        self._describe(obj, info, node)
        part = self._memory.parts.get(node.path)
        whole = not self._walker.cut and (part is None or part.whole)
        node.scan = self._memory.scan if whole else 0

    def _fill_instance(
        self, obj: Any, info: ClassInfo, node: Node, root: str, level: int
    ) -> None:
        is_model = info.kind == k.MODEL
        if is_model:
            self._add_remembered(obj, node, root)
        else:
            self._walker.seen.add(id(obj))
            node.tally.add(object.__sizeof__(obj))
        if is_model and not self._kinds.is_user_class(info.cls):
            return
        name = class_name(info.cls)
        home = (self._files.get(class_module(info.cls), node.home[0]), name)
        for attr, value in sorted(attributes(obj, info.cls), key=self._is_dear):
            kind = self._kinds.of(type(value)).kind
            if is_model and (attr.startswith("_") or kind in (k.MODEL, k.LIBRARY)):
                continue  # Keras keeps its own things there; its layers are counted
            owner = f"{name}.{attr}"
            key = f"{home[0]}:{owner}"
            child = Node(owner, f"{node.path}.{attr}", "instance", home, key)
            child.target = (attr, True, ())
            self._child(value, child, node, root, level)

    def _fill_cluster(self, obj: Any, info: ClassInfo, node: Node, root: str) -> bool:
        """Measure a linked list, a tree or a graph, if it hangs on the object."""
        cluster = find_cluster(
            obj, info, self._kinds, self._walker, self._chains, node.key
        )
        if cluster is None:
            return False
        measure(cluster, node.tally, self._walker, self._kinds, root)
        what = "chain" if cluster.link else "tree"
        node.kind = f"{what} of {cluster.count:,} {node.type}"
        node.element = {"type": node.type, "shape": None, "dtype": None}
        node.type, node.count, node.collection = what, cluster.count, True
        node.link, node.partial = cluster.link, not cluster.complete
        return True

    def _is_dear(self, item: tuple[str, Any]) -> bool:
        return self._kinds.of(type(item[1])).kind in _DEAR

    def _add_remembered(self, obj: Any, node: Node, root: str) -> None:
        """Add what a model or a library's object holds, as found before if it rests."""
        walker, scan = self._walker, self._memory.scan
        part = self._memory.parts.get(node.path)
        if part is None or part.ident != id(obj):
            part = self._memory.parts[node.path] = Part(id(obj))
        if scan - part.scan < part.rest and part.scan:
            walker.recall(obj, part.claims)
            node.tally.merge(part.tally)
            return
        tally, claimed, began = Tally(), len(walker.claims), thread_time_ns()
        walker.add(obj, tally, root, 0, 1.0)
        dear = walker.cut or thread_time_ns() - began > DEAR_US * 1000
        claims, whole = walker.claims[claimed:], not walker.cut
        part.note(tally, claims, scan, dear=dear, whole=whole)
        node.tally.merge(part.tally)

    def _fill_generator(self, obj: Any, node: Node, root: str, level: int) -> None:
        """Name what a waiting generator keeps by its own variables."""
        self._walker.seen.add(id(obj))
        code = obj.gi_code
        for name, value in self._walker.generator_locals(obj):
            home = (code.co_filename, code.co_name)
            path, key = f"{node.path}.{name}", f"{node.key}.{name}"
            self._child(value, Node(name, path, "frame", home, key), node, root, level)

    def _fill_library(
        self, obj: Any, info: ClassInfo, node: Node, root: str, level: int
    ) -> None:
        """Look through a library's object at the user's ones (Keras' callbacks)."""
        self._walker.seen.add(id(obj))
        node.tally.add(object.__sizeof__(obj))
        for attr, value in attributes(obj, info.cls):
            child = _part(node, f".{attr}")
            child.target = (attr, True, ())
            self._child(value, child, node, root, level)

    def _leads_to_users(self, obj: Any, info: ClassInfo) -> bool:
        if info.kind != k.LIBRARY:
            return False
        for _, value in attributes(obj, info.cls):
            inner, kind = self._kinds.look(value)
            if kind.kind == k.USER or self._holds_instances(inner, kind):
                return True
        return False

    def _fill_entries(
        self, obj: Any, info: ClassInfo, node: Node, root: str, level: int
    ) -> None:
        self._walker.seen.add(id(obj))
        node.tally.add(info.base.__sizeof__(obj))
        try:
            items = list(islice(dict.items(obj), DICT_ENTRIES))
        except RuntimeError:
            return
        for key, value in items:
            child = _part(node, f"[{key!r}]")
            child.target = (*node.target[:2], (*node.target[2], key))
            self._child(value, child, node, root, level)

    def _fill_instances(
        self, obj: Any, info: ClassInfo, node: Node, root: str, level: int
    ) -> None:
        self._walker.seen.add(id(obj))
        node.tally.add(info.base.__sizeof__(obj))
        for index, value in enumerate(take(obj, info, range(INSTANCES), INSTANCES)):
            child = _part(node, f"[{index}]")
            child.target = node.target
            self._child(value, child, node, root, level)

    def _child(
        self, value: Any, child: Node, parent: Node, root: str, level: int
    ) -> None:
        value, info = self._kinds.look(value)
        small = info.kind in _SMALL
        if info.kind == k.ATOM and info.base.__sizeof__(value) >= ATOM_WORTH:
            small = False
        if small:
            self._walker.add(value, parent.tally, root, 1, 1.0)
        elif not self._walker.is_owned_elsewhere(value, root):
            self.fill(value, child, root, level + 1)
            parent.children.append(child)

    def _has_named_entries(self, obj: Any, info: ClassInfo) -> bool:
        if info.kind != k.MAPPING or not 0 < dict.__len__(obj) <= DICT_ENTRIES:
            return False
        try:
            keys = list(islice(dict.keys(obj), DICT_ENTRIES))
        except RuntimeError:
            return False
        return all(type(x) is str and len(x) <= LONGEST_KEY for x in keys)

    def _holds_instances(self, obj: Any, info: ClassInfo) -> bool:
        if info.kind not in (k.SEQUENCE, k.DEQUE):
            return False
        if not 0 < info.base.__len__(obj) <= INSTANCES:
            return False
        some = take(obj, info, range(INSTANCES), INSTANCES)
        return any(self._kinds.of(type(x)).kind == k.USER for x in some)

    def _describe(self, obj: Any, info: ClassInfo, node: Node) -> None:
        node.kind, node.count = node.type, 1
        if info.kind == k.LEAF:
            leaf = self._walker.leaf(obj)
            node.count = leaf.count if leaf is not None else 1
            if leaf is not None and leaf.shape is not None:
                node.element = _element(leaf)
                node.kind = f"{leaf.dtype} {leaf.type} {_shape(leaf.shape)}".strip()
        elif info.kind == k.CACHE:
            node.kind = CACHED
        elif info.kind in _CONTAINERS:
            node.collection = True
            node.count = info.base.__len__(obj)
            self._describe_elements(obj, info, node)

    def _describe_elements(self, obj: Any, info: ClassInfo, node: Node) -> None:
        some = take(obj, info, range(min(node.count, LOOKED_AT)), LOOKED_AT)
        some += take(obj, info, (node.count - 1,), 1, at_end=True) if node.count else []
        if info.kind == k.MAPPING:
            some = some[1::2]
        if not some:
            return
        known = [self._walker.leaf(x) for x in some]
        names = [
            leaf.type if leaf else class_name(type(x))
            for x, leaf in zip(some, known, strict=True)
        ]
        name = max(names, key=names.count)
        node.kind = f"{node.type} of {node.count:,} {name}"
        node.element = {"type": name, "shape": None, "dtype": None}
        inside = self._native_inside(some[-1])
        if inside:
            node.element["inside"] = inside
        leaves = [leaf for leaf in known if leaf]
        if len(leaves) == len(some):
            shapes = {leaf.shape for leaf in leaves}
            node.element = _element(leaves[0])
            node.element["type"] = name
            if any(leaf.graph for leaf in leaves):
                node.element["graph"] = True
            if len(shapes) > 1:
                node.element["shape"] = None

    def _native_inside(self, element: Any) -> str:
        """Return the type of a part whose memory is native, ``""`` without one."""
        element, info = self._kinds.look(element)
        parts: list[Any] = []
        if info.kind in (k.SEQUENCE, k.MAPPING):
            parts = take(element, info, range(PARTS), PARTS)
        elif info.kind == k.USER:
            parts = [value for _, value in attributes(element, info.cls)][:PARTS]
        names = (class_name(type(part)) for part in parts)
        return next((name for name in names if name in HOLDING_MORE), "")


def _part(node: Node, suffix: str) -> Node:
    owner, path, key = node.owner + suffix, node.path + suffix, node.key + suffix
    child = Node(owner, path, node.scope, node.home, key)
    child.place = node.place
    return child


def _element(leaf: Any) -> dict[str, Any]:
    shape = None if leaf.shape is None else [int(n) for n in leaf.shape]
    return {"type": leaf.type, "shape": shape, "dtype": leaf.dtype or None}


def _shape(shape: tuple[int, ...]) -> str:
    return "x".join(str(n) for n in shape)
