"""What one scan remembers for the next: names, numbers and ids, never an object."""

from __future__ import annotations

from kerascrash.record.roots import REDISCOVERY
from kerascrash.record.tally import Node, Tally

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kerascrash.record.chains import Chain

LONGEST_REST = 8
"""A name that does not change and costs much is visited every so many scans."""
MOST_CHAINS = 200
FORGOTTEN = 160
"""Scans after which a namespace that was never met again is forgotten."""


class Unit:
    """What is known of one name; numbers and text only."""

    __slots__ = (
        "changed",
        "claims",
        "cut",
        "group",
        "ident",
        "node",
        "patience",
        "rest",
        "scan",
        "settled",
        "size",
    )

    def __init__(self, group: str) -> None:
        self.group = group
        self.node: Node | None = None
        self.claims: list[object] = []
        self.settled: set[object] = set()
        """Claims that it had twice running: a batch that is made anew for each step
        may lie where another name's lay before."""
        self.ident: tuple[int, int] = (0, 0)
        """``id`` of what the name holds, and its length if it is a plain container."""
        self.changed = True
        """Another object than in the last scan, or another length."""
        self.patience = 1
        """So many scans it is kept when its namespace is not met."""
        self.scan = 0
        self.rest = 1
        self.size = -1.0
        self.cut = False

    def note(self, node: Node | None, claims: list[object]) -> None:
        """Take a new measurement; None: another name owns what this one holds."""
        self.settled = set(self.claims).intersection(claims)
        self.node, self.claims = node, claims

    def is_worse_than(self, node: Node) -> bool:
        """Return whether a measurement cut short is better than what is known."""
        if self.node is None:
            return True
        return self.cut and self.node.total() < node.total()


class Part:
    """
    What a Keras model or a library's object was found to hold, once.

    Such objects cost much to walk and seldom change. Beside a growing list in one
    object of the user's (a trainer with its model, optimizer and data set) they would
    use up the time of every scan before it comes to the list.
    """

    __slots__ = ("claims", "ident", "rest", "scan", "tally", "whole")

    def __init__(self, ident: int) -> None:
        self.ident = ident
        self.tally = Tally()
        self.claims: list[object] = []
        self.scan = 0
        self.rest = 1
        self.whole = False

    def note(
        self,
        tally: Tally,
        claims: list[object],
        scan: int,
        *,
        dear: bool,
        whole: bool,
    ) -> None:
        """Take a new measurement; the longer the same and dear, the rarer the next."""
        still = self.scan > 0 and tally.bytes <= self.tally.bytes
        self.rest = min(2 * self.rest, LONGEST_REST) if dear and still else 1 + dear
        self.scan = scan
        if whole or tally.bytes > self.tally.bytes:
            self.tally, self.claims, self.whole = tally, claims, whole


class Memory:
    """What scans remember of each other: text and numbers only."""

    def __init__(self) -> None:
        self.units: dict[str, Unit] = {}
        self.parts: dict[str, Part] = {}
        """By path below a name."""
        self.dull: dict[str, dict[str, int]] = {}
        """Group → name → ``id`` of something that never holds anything: a function."""
        self.enumerated: dict[str, int] = {}
        """Group → the last scan that went through all of its names."""
        self.chains: dict[str, Chain] = {}
        """By the key of the name that holds the first of them."""
        self.scan = 0

    def begin(self) -> None:
        """Begin a scan; now and then everything is looked at anew."""
        self.scan += 1
        if self.scan % REDISCOVERY == 1:
            self.dull.clear()
            if len(self.chains) > MOST_CHAINS:
                self.chains.clear()
            old = self.scan - FORGOTTEN
            kept = {key: at for key, at in self.enumerated.items() if at > old}
            self.enumerated = kept
            fresh = self.scan - 2 * LONGEST_REST
            self.parts = {
                k: part for k, part in self.parts.items() if part.scan > fresh
            }
