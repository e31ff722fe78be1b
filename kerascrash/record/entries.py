"""
From nodes to the entries of the inventory blob.

Names with at least ``WORTH`` bytes, and names that grow, become entries; what is under
them and is not worth its own entry is folded in. A collection that gains elements is
shown whole: its elements are what leaks, not the attributes of each.
"""

from __future__ import annotations

from kerascrash.record.tally import HOLDING_MORE, Tally, distinct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from kerascrash.record.growth import Growth, Track
    from kerascrash.record.lines import Lines
    from kerascrash.record.tally import Node

WORTH = 1 << 20
GROWING_WORTH = 16 << 10
MOST = 40
LONGEST_NAME = 200


class Entries:
    """Collects nodes of one scan by key and writes them as the blob has them."""

    def __init__(self, growth: Growth) -> None:
        self._growth = growth
        self._nodes: dict[str, list[Node]] = {}

    def add(self, node: Node) -> None:
        """Take a root's node; it is changed (folded)."""
        # The count of an instance only tells whether there was time to look at it.
        if node.collection and self._growth.of(node.key).count_rises():
            node.fold()
        self._split(node)
        if node.children or node.tally.bytes > 0:
            self._nodes.setdefault(node.key, []).append(node)

    def _split(self, node: Node) -> None:
        """
        Fold into a name what is under it, except what is worth an entry.

        At whatever depth: a list that grows may be known for longer than the objects
        that lead to it, as a callback's is before ``fit`` has put it into its own.
        """
        alone: list[Node] = []
        for child in node.children:
            if self._stands_alone(child):
                self.add(child)
                alone.append(child)
                continue
            if child.collection and self._growth.of(child.key).count_rises():
                child.fold()
            self._split(child)
            alone += child.children
            node.tally.merge(child.tally)
        node.children = alone

    def _stands_alone(self, node: Node) -> bool:
        total = node.total()
        growing = self._growth.of(node.key).is_growing()
        return total >= WORTH or (growing and total >= _least(node))

    def write(self, lines: Lines) -> list[dict[str, Any]]:
        """Return the entries, biggest first; the fastest-growing ones are always in."""
        ranked: list[tuple[float, float, str]] = []
        for key, nodes in self._nodes.items():
            size = sum(node.tally.bytes for node in distinct(nodes))
            track = self._growth.of(key)
            growing = track.is_growing()
            if size >= WORTH or (growing and size >= _least(nodes[0])):
                rate = (
                    (track.per_step() or track.per_second() or 0.0) if growing else 0.0
                )
                ranked.append((size, rate, key))
        ranked.sort(reverse=True)
        chosen = ranked[: MOST - 10]
        rest = sorted(ranked[MOST - 10 :], key=lambda row: -row[1])
        entries = [self._entry(key, lines) for _, _, key in chosen + rest[:10]]
        return sorted(entries, key=lambda entry: -entry["bytes"])

    def _entry(self, key: str, lines: Lines) -> dict[str, Any]:
        nodes = distinct(self._nodes[key])
        node = max(nodes, key=lambda one: one.tally.bytes)
        tally = Tally()
        for one in nodes:
            tally.merge(one.tally)
        track = self._growth.of(key)
        place, how = lines.find(node, growing=track.is_growing())
        dtypes = {k or "other": round(v) for k, v in tally.dtypes.items() if v >= 1}
        return {
            "owner": node.owner[:LONGEST_NAME],
            "path": node.path[:LONGEST_NAME],
            "scope": node.scope,
            "type": node.type[:LONGEST_NAME],
            "kind": node.kind[:LONGEST_NAME],
            "count": sum(one.count for one in nodes),
            "bytes": round(tally.bytes),
            "estimated": tally.estimated,
            "element": node.element,
            "dtypes": dtypes,
            "device": tally.device(),
            **_growth_of(track),
            "history": track.history(),
            "place": place,
            "place_how": how,
        }


def _least(node: Node) -> int:
    """Return the bytes from which a growing name is worth an entry."""
    element = node.element or {}
    types = {node.type, element.get("type"), element.get("inside")}
    return 0 if types & HOLDING_MORE or element.get("graph") else GROWING_WORTH


def _growth_of(track: Track) -> dict[str, float | None]:
    return {
        "growth_bytes_per_step": _rounded(track.per_step()),
        "growth_count_per_step": _rounded(track.per_step(3)),
        "growth_bytes_per_second": _rounded(track.per_second()),
    }


def _rounded(slope: float | None) -> float | None:
    return None if slope is None else round(slope, 3)
