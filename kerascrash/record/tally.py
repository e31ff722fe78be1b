"""Sums of bytes while objects are walked, and what they say about the elements."""

from __future__ import annotations

from kerascrash.record.leaf import HOST, Leaf

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


HOLDING_MORE = frozenset(("GradientTape", "Function", "ConcreteFunction"))
"""Types whose memory is native: a container of them is small and holds much."""


class Tally:
    """Bytes by dtype and device; ``weight`` stands for elements not looked at."""

    __slots__ = ("bytes", "devices", "dtypes", "estimated")

    def __init__(self) -> None:
        self.bytes = 0.0
        self.dtypes: dict[str, float] = {}
        self.devices: dict[str, float] = {}
        self.estimated = False

    def add(self, size: float, weight: float = 1.0) -> None:
        """Add plain Python memory."""
        self.bytes += size * weight

    def add_leaf(self, leaf: Leaf, weight: float = 1.0) -> None:
        """Add one array."""
        size = leaf.bytes * weight
        self.bytes += size
        self.dtypes[leaf.dtype] = self.dtypes.get(leaf.dtype, 0.0) + size
        self.devices[leaf.device] = self.devices.get(leaf.device, 0.0) + size
        self.estimated = self.estimated or leaf.estimated

    def merge(self, other: Tally) -> None:
        """Add all of another tally."""
        self.bytes += other.bytes
        for mine, theirs in (
            (self.dtypes, other.dtypes),
            (self.devices, other.devices),
        ):
            for name, size in theirs.items():
                mine[name] = mine.get(name, 0.0) + size
        self.estimated = self.estimated or other.estimated

    def device(self) -> str:
        """Return where most of the arrays are."""
        return max(self.devices, key=lambda name: self.devices[name], default=HOST)


class Node:
    """
    One name that holds memory: an entry of the inventory in the making.

    ``tally`` holds what is folded into it, ``children`` the names under it that may
    become entries of their own. Names and numbers only: never an object of the user's.
    """

    __slots__ = (
        "children",
        "collection",
        "count",
        "element",
        "home",
        "ident",
        "key",
        "kind",
        "link",
        "owner",
        "partial",
        "path",
        "place",
        "scan",
        "scope",
        "tally",
        "target",
        "type",
    )

    def __init__(
        self, owner: str, path: str, scope: str, home: tuple[str, str], key: str
    ) -> None:
        self.owner = owner
        self.path = path
        self.scope = scope
        self.home = home
        """File and function or class where the line that grows it is looked for."""
        self.key = key
        """Names it from scan to scan: the same for one attribute of all instances."""
        self.ident = 0
        """``id`` of what it names: two ways to one object are told by it."""
        self.target: tuple[str, bool, tuple[object, ...]] = (owner, False, ())
        """For that search: a name, whether it is an attribute, the key of an entry."""
        self.place: dict[str, Any] | None = None
        """Where it comes from, when that is known without a search."""
        self.scan = 0
        """The scan that measured all of it; 0 where the time was up before."""
        self.type = ""
        self.kind = ""
        self.count = 0
        self.element: dict[str, Any] | None = None
        self.collection = False
        self.link = ""
        """Of a chain of objects: the attribute by which each holds the next."""
        self.partial = False
        """More is there than was counted: no point of its course."""
        self.tally = Tally()
        self.children: list[Node] = []

    def total(self) -> float:
        """Return the bytes of this name and all under it."""
        return self.tally.bytes + sum(child.total() for child in self.children)

    def fold(self) -> None:
        """Take everything under this name into it."""
        for child in self.children:
            child.fold()
            self.tally.merge(child.tally)
        self.children = []


def distinct(nodes: list[Node]) -> list[Node]:
    """Return one node, the newest, for each object that several names lead to."""
    found: dict[int, Node] = {}
    for number, node in enumerate(nodes):
        key = node.ident or -1 - number
        if key not in found or node.scan > found[key].scan:
            found[key] = node
    return list(found.values())
