"""
Linked lists, trees and graphs of the user's objects: found, counted, sized, bounded.

PYTEST_DONT_REWRITE: rewritten assertions call ``locals()``, which the recorder respects
before 3.12.
"""

from __future__ import annotations

import gc
import weakref
from typing import Any

import pytest

from kerascrash.record import chains
from kerascrash.record.inventory import Inventory

KB = 1 << 10


class Link:
    """One of a list; a slot that may stay unset."""

    __slots__ = ("__weakref__", "after", "data")

    def __init__(self, data: Any, after: Any) -> None:
        self.data = data
        self.after = after


class Plain:
    """The same with a dictionary."""

    def __init__(self, data: Any, after: Any) -> None:
        self.data = data
        self.after = after


class Branch:
    """Of a tree that is kept in lists."""

    def __init__(self) -> None:
        self.data = bytes(KB)
        self.parts: list[Branch] = []


class Asks(Plain):
    """Would tell if anybody asked it."""

    @property
    def after(self) -> Any:
        """Never called."""
        raise AssertionError("asked")

    @after.setter
    def after(self, value: Any) -> None:
        self.data = value


class Holder:
    """What a script keeps its objects in."""

    def __init__(self) -> None:
        self.head: Any = None

    def push(self, cls: type, many: int) -> None:
        """Put some before the first."""
        for _ in range(many):
            self.head = cls(bytearray(KB), self.head)


def look(inventory: Inventory, step: int) -> dict[str, Any]:
    blob: dict[str, Any] = {}
    for _ in range(5):
        blob = inventory.scan("step", step, 500_000)
        assert "error" not in blob, blob
        if blob["complete"]:
            break
    return {entry["owner"]: entry for entry in blob["entries"]}


@pytest.mark.parametrize("cls", [Link, Plain])
def test_a_chain_that_grows_is_found_counted_and_sized(cls: type) -> None:
    holder, inventory = Holder(), Inventory()
    for step in range(1, 9):
        holder.push(cls, 300)
        found = look(inventory, step)
    entry = found["Holder.head"]
    assert entry["kind"] == f"chain of 2,400 {cls.__name__}"
    assert entry["bytes"] == pytest.approx(2400 * KB, rel=0.15)
    assert entry["growth_bytes_per_step"] == pytest.approx(300 * KB, rel=0.15)
    assert entry["growth_count_per_step"] == 300
    assert entry["estimated"]
    text = dict(entry["place"]["excerpt"])[entry["place"]["line"]]
    assert text.strip() == "self.head = cls(bytearray(KB), self.head)"


def test_a_chain_too_long_to_walk_is_followed_at_its_head() -> None:
    """Ten million or ten thousand: the walk ends at the same link."""
    holder, inventory = Holder(), Inventory()
    holder.push(Link, 3 * chains.LONGEST)
    for step in range(1, 9):
        holder.push(Link, 50)
        found = look(inventory, step)
    entry = found["Holder.head"]
    assert chains.LONGEST < entry["count"] < chains.LONGEST + 1000
    assert entry["growth_count_per_step"] == 50


def test_a_tree_is_walked_without_recursion() -> None:
    inventory, root = Inventory(), Branch()
    deepest = root
    for step in range(1, 9):
        for _ in range(100):
            deepest.parts.append(Branch())
            deepest = deepest.parts[0]
        found = look(inventory, step)
    entry = found["root"]
    assert entry["kind"] == "tree of 801 Branch"
    assert entry["bytes"] == pytest.approx(801 * (KB + 200), rel=0.2)
    assert entry["growth_count_per_step"] == 100


def test_what_is_pushed_and_popped_does_not_grow() -> None:
    holder, inventory = Holder(), Inventory()
    holder.push(Link, 2 * chains.LONGEST)
    for step in range(1, 20):
        for _ in range(step % 7):
            holder.head = holder.head.after
        holder.push(Link, step % 7)
        found = look(inventory, step)
    entry = found["Holder.head"]
    assert not entry["growth_count_per_step"]
    assert len({size for *_, size in entry["history"]}) <= 2


def test_rings_and_properties_and_short_chains() -> None:
    ring = Link(bytearray(KB), None)
    ring.after = ring
    for _ in range(2000):
        ring.after = Link(bytearray(KB), ring.after)
    asks: Any = Asks(bytearray(2 << 20), None)
    mixed = Link(bytearray(2 << 20), Asks(None, None))
    few = Link(bytearray(2 << 20), Link(bytearray(KB), None))
    found = look(Inventory(), 1)
    assert found["ring"]["count"] == 2001
    assert found["Link.data"]["bytes"] > 4 << 20  # of those that are no chain
    assert (asks.data, mixed.after.data, few.after.after) == (None, None, None)


def test_nothing_of_it_is_kept() -> None:
    holder, inventory = Holder(), Inventory()
    holder.push(Link, 5000)
    look(inventory, 1)
    last = weakref.ref(holder.head)
    gc.disable()
    try:
        while holder.head is not None:
            holder.head = holder.head.after
        assert last() is None
    finally:
        gc.enable()
