"""Which names become entries of the inventory, and which are folded into others."""

from __future__ import annotations

from kerascrash.record.entries import Entries
from kerascrash.record.growth import Growth
from kerascrash.record.lines import Lines
from kerascrash.record.tally import Node

MB = 1 << 20


def owners_after(*, collection: bool) -> set[str]:
    """Return the owners written of a name that was cut off by the budget twice."""
    growth = Growth()
    node = Node("self", "train.self", "frame", ("train.py", "train"), "self")
    node.collection = collection
    child = Node(
        "Trainer.kept", "train.self.kept", "instance", ("train.py", ""), "kept"
    )
    child.tally.add(8 * MB)
    node.children.append(child)
    for step, count in enumerate((0, 1, 0, 1)):  # 0: no time was left to look at it
        growth.of("self").note(step, float(step), step * MB, count)
    entries = Entries(growth)
    entries.add(node)
    return {entry["owner"] for entry in entries.write(Lines())}


def test_an_instance_seen_now_and_then_keeps_its_attributes_apart() -> None:
    assert owners_after(collection=False) == {"Trainer.kept"}


def test_a_collection_that_gains_elements_is_one_name() -> None:
    assert owners_after(collection=True) == {"self"}


def owners_below(sizes: list[int]) -> dict[str, int]:
    """Return what is written of a list that only objects new to us lead to."""
    growth = Growth()
    home = ("train.py", "")
    top, between = (
        Node(name, f"fit().{name}", "frame", home, name)
        for name in ("callbacks", "callbacks[0]")
    )
    kept = Node("Keeper.kept", "fit().callbacks[0].kept", "instance", home, "kept")
    top.tally.add(100)
    kept.tally.add(sizes[-1])
    top.children.append(between)
    between.children.append(kept)
    for step, size in enumerate(sizes):
        growth.of("kept").note(step, float(step), size, 1)
    entries = Entries(growth)
    entries.add(top)
    assert top.total() == 100 + sizes[-1]
    return {row["owner"]: row["bytes"] for row in entries.write(Lines())}


def test_what_grows_is_named_before_what_leads_to_it_is_known_as_long() -> None:
    assert owners_below([10_000, 20_000, 30_000]) == {"Keeper.kept": 30_000}
    assert owners_below([30_000, 30_000, 30_000]) == {}


def held_by(*idents: int) -> dict[str, int]:
    """Return bytes and count of one attribute that several instances name."""
    entries = Entries(Growth())
    for number, ident in enumerate(idents):
        node = Node("Trainer.kept", "t.kept", "instance", ("train.py", ""), "kept")
        node.ident, node.scan, node.count = ident, number, 30 + number
        node.tally.add((4 + number) * MB)
        entries.add(node)
    (entry,) = entries.write(Lines())
    return {name: entry[name] for name in ("bytes", "count")}


def test_two_ways_to_one_object_count_once_and_the_newest_holds() -> None:
    assert held_by(7, 7) == {"bytes": 5 * MB, "count": 31}


def test_two_objects_of_one_attribute_are_summed_up() -> None:
    assert held_by(7, 8) == {"bytes": 9 * MB, "count": 61}
