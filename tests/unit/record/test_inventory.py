"""
The names that hold memory are found, sized and called what a person calls them.

PYTEST_DONT_REWRITE: rewritten assertions call ``locals()``, which the recorder respects
before 3.12.
"""

from __future__ import annotations

import collections
import functools
import gc
import sys
import threading
import time
import types
import weakref
from typing import Any, ClassVar

import pytest

from kerascrash.record import walk
from kerascrash.record.inventory import Inventory
from kerascrash.record.kinds import Kinds
from kerascrash.record.sizing import Sizers
from kerascrash.record.tally import Tally

np = pytest.importorskip("numpy")

MB = 1 << 20
module_list: list[Any] = []
module_dict: dict[str, Any] = {}


class Trainer:
    """A class of the user's."""

    shared: ClassVar[list[Any]] = []

    def __init__(self) -> None:
        self.history: list[Any] = []

    def step(self) -> None:
        """Keep something."""
        self.history.append(np.zeros(MB // 8))


class Agent:
    """Several of these live in a list."""

    def __init__(self) -> None:
        self.memory = [np.zeros(MB // 8) for _ in range(2)]


def scan(
    inventory: Inventory | None = None, step: int = 1
) -> dict[str, dict[str, Any]]:
    """Return the entries by owner, after complete scans."""
    inventory = inventory or Inventory()
    for _ in range(20):
        blob = inventory.scan("step", step, 100_000)
        assert "error" not in blob, blob["error"]
        if blob["complete"]:
            break
    return {entry["owner"]: entry for entry in blob["entries"]}


def test_an_attribute_is_called_by_its_class() -> None:
    trainer = Trainer()
    for _ in range(5):
        trainer.step()
    entry = scan()["Trainer.history"]
    assert entry["bytes"] == pytest.approx(5 * MB, rel=0.01)
    assert entry["count"] == 5
    assert entry["kind"] == "list of 5 ndarray"
    assert entry["scope"] == "instance"
    assert entry["element"] == {
        "type": "ndarray",
        "shape": [MB // 8],
        "dtype": "float64",
    }
    assert entry["dtypes"] == {"float64": 5 * MB}
    assert entry["place"]["function"] == "step"
    assert (
        "self.history.append" in dict(entry["place"]["excerpt"])[entry["place"]["line"]]
    )
    assert entry["place_how"] == "append"


def test_names_of_a_module_entries_of_a_dict_and_class_attributes() -> None:
    module_list.append(np.zeros(MB // 8))
    module_dict["x"] = [np.zeros(MB // 4)]
    Trainer.shared.append(np.zeros(MB // 2))
    try:
        found = scan()
    finally:
        module_list.clear()
        module_dict.clear()
        Trainer.shared.clear()
    assert found["module_list"]["scope"] == "module"
    assert found["module_dict['x']"]["bytes"] == pytest.approx(2 * MB, rel=0.01)
    assert found["Trainer.shared"]["scope"] == "class"
    assert found["Trainer.shared"]["bytes"] == pytest.approx(4 * MB, rel=0.01)


def test_what_two_names_share_counts_once() -> None:
    images = np.zeros((4, MB // 8))
    half = images[:2]
    same = [images, half.T, images.reshape(-1)]
    found = scan()
    assert found["images"]["bytes"] == 4 * MB
    assert "half" not in found
    assert "same" not in found
    assert len(same) == 3


def test_a_view_is_charged_with_all_that_it_keeps() -> None:
    few = np.zeros((100, MB // 8))[:1]
    assert scan()["few"]["bytes"] == 100 * MB
    assert few.shape == (1, MB // 8)


def test_a_mapped_file_is_marked_and_not_summed(tmp_path: Any) -> None:
    mapped = np.memmap(tmp_path / "x", dtype="u1", mode="w+", shape=(64 * MB,))
    inventory = Inventory()
    entry = scan(inventory)["mapped"]
    assert entry["device"] == "mapped file"
    assert inventory.scan("step", 2, 100_000)["total_bytes"] < 32 * MB
    assert mapped.size == 64 * MB


def test_containers_of_many_kinds() -> None:
    queue = collections.deque(bytearray(1000) for _ in range(5000))
    names = {str(n) * 20 for n in range(50_000)}
    rows = [{"loss": n * 1.5, "name": str(n)} for n in range(20_000)]
    frozen = (np.zeros(MB), np.zeros(MB))
    found = scan()
    assert len(queue) + len(frozen) == 5002
    assert found["queue"]["bytes"] == pytest.approx(5000 * 1060, rel=0.1)
    truth = sum(s.__sizeof__() for s in names) + names.__sizeof__()
    assert found["names"]["bytes"] == pytest.approx(truth, rel=0.1)
    assert found["rows"]["estimated"]
    assert found["rows"]["kind"] == "list of 20,000 dict"
    one = rows[9].__sizeof__() + 24 + 53
    assert found["rows"]["bytes"] == pytest.approx(20_000 * one, rel=0.2)
    assert found["frozen"]["bytes"] == pytest.approx(16 * MB, rel=0.01)


def test_arrays_of_different_size_in_one_list() -> None:
    ragged = [np.zeros(1000 + 37 * (n % 50)) for n in range(2000)]
    truth = sum(a.nbytes for a in ragged)
    assert scan()["ragged"]["bytes"] == pytest.approx(truth, rel=0.1)


def test_the_same_array_a_thousand_times() -> None:
    repeated = [np.zeros(MB)] * 1000
    assert scan()["repeated"]["bytes"] == pytest.approx(8 * MB, rel=0.05)
    assert len(repeated) == 1000


def test_instances_in_a_short_list_are_called_by_their_class() -> None:
    agents = [Agent() for _ in range(3)]
    entry = scan()["Agent.memory"]
    assert entry["bytes"] == pytest.approx(6 * MB, rel=0.01)
    assert entry["count"] == len(agents) * 2


def test_instances_that_pile_up_are_called_by_their_list() -> None:
    samples: list[Agent] = []
    inventory = Inventory()
    for step in range(12):
        samples.extend(Agent() for _ in range(2))
        found = scan(inventory, step)
    assert found["samples"]["bytes"] == pytest.approx(48 * MB, rel=0.05)
    assert found["samples"]["growth_count_per_step"] == pytest.approx(2)
    assert found["samples"]["growth_bytes_per_step"] == pytest.approx(4 * MB, rel=0.05)
    assert "Agent.memory" not in found


def make_keeper() -> Any:
    """Return a function that keeps what it is given."""
    kept_inside: list[Any] = []

    def keep(x: Any, also: list[Any] = []) -> None:  # noqa: B006 - that is the mistake
        kept_inside.append(x)
        also.append(x.copy())

    return keep


def test_closures_and_default_arguments() -> None:
    keep = make_keeper()
    for _ in range(3):
        keep(np.zeros(MB // 8))
    found = scan()
    assert found["kept_inside"]["bytes"] == pytest.approx(3 * MB, rel=0.01)
    assert found["also"]["bytes"] == pytest.approx(3 * MB, rel=0.01)
    assert found["kept_inside"]["place_how"] == "append"


def test_a_cache_of_a_function() -> None:
    @functools.cache
    def load(n: int) -> Any:
        return np.zeros(MB // 8 + n)

    for n in range(4):
        load(n)
    entry = scan()["load"]
    assert entry["bytes"] >= 4 * MB
    assert "lru_cache" in entry["kind"]


def test_growth_is_measured_per_step() -> None:
    growing: list[Any] = []
    steady = np.zeros(MB)
    inventory = Inventory()
    for step in range(0, 60, 5):
        growing.extend(np.zeros(1000) for _ in range(5 * 10))
        found = scan(inventory, step)
    entry = found["growing"]
    each = 1000 * 8 + np.zeros(0).__sizeof__()
    assert entry["growth_bytes_per_step"] == pytest.approx(10 * each, rel=0.1)
    assert entry["growth_count_per_step"] == pytest.approx(10)
    assert entry["growth_bytes_per_second"] > 0
    assert entry["history"][0][0] == 0
    assert entry["history"][-1][0] == 55
    assert found["steady"]["growth_bytes_per_step"] == 0
    assert steady.size == MB


def test_a_small_leak_is_an_entry_too() -> None:
    small: list[bytes] = []
    inventory = Inventory()
    for step in range(20):
        small.extend(b"x" * 900 + str(n).encode() for n in range(2))
        found = scan(inventory, step)
    assert found["small"]["bytes"] < MB
    assert found["small"]["growth_bytes_per_step"] == pytest.approx(1900, rel=0.1)


def test_what_a_library_function_was_given() -> None:
    def look(*_: Any) -> int:
        frozen.update(scan())
        return 0

    frozen: dict[str, Any] = {}
    functools.partial(sorted, [np.zeros(MB), 1], key=look)()
    thread = threading.Thread(target=lambda: None)
    assert thread.name
    import timeit

    timeit.timeit(look, number=1)
    assert "stmt" not in frozen  # a function holds nothing


def test_nothing_is_kept_and_what_is_gone_is_forgotten() -> None:
    inventory = Inventory()

    def user() -> weakref.ref[Any]:
        trainer = Trainer()
        trainer.step()
        trainer.step()
        assert "Trainer.history" in scan(inventory)
        return weakref.ref(trainer.history[0])

    gc.collect()
    gc.disable()
    try:
        assert user()() is None
    finally:
        gc.enable()
    for step in range(4):
        found = scan(inventory, 2 + step)
    assert "Trainer.history" not in found


@pytest.mark.parametrize(
    ("preempted", "budget_us"), [(walk.PREEMPTED, 500), (0, 500), (walk.PREEMPTED, 1)]
)
def test_a_tiny_budget_gets_there_in_the_end(
    preempted: float, budget_us: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walk, "PREEMPTED", preempted)  # 0: always late by the clock
    many = [[np.zeros(100) for _ in range(50)] for _ in range(200)]
    big = np.zeros(4 * MB)
    last = Trainer()
    last.step()
    last.step()
    inventory = Inventory()
    seen: set[str] = set()
    wanted = {"many", "big", "Trainer.history"}
    for step in range(1000):
        blob = inventory.scan("periodic", step, budget_us)
        seen |= {entry["owner"] for entry in blob["entries"]}
        if wanted <= seen:
            break
    assert wanted <= seen
    assert len(many) == 200
    assert big.size == 4 * MB


def test_what_a_cut_scan_left_out_of_an_object_is_not_made_up() -> None:
    """One big attribute says nothing of the hundreds that there was no time for."""

    class Held:
        def __init__(self) -> None:
            self.big = np.zeros(8 * MB, "uint8")
            for number in range(300):
                setattr(self, f"a{number}", [[number] for _ in range(9)])

    outer = types.SimpleNamespace(held=[Held()])
    inventory = Inventory()
    largest = 0.0
    for step in range(60):
        blob = inventory.scan("periodic", step, 1)
        rows = [e["bytes"] for e in blob["entries"] if e["owner"] != "inventory"]
        largest = max([largest, *rows])
    assert 8 * MB <= largest < 2 * 8 * MB
    assert outer.held


def test_a_second_scan_at_once_is_turned_away_without_waiting() -> None:
    inventory = Inventory()
    assert inventory._busy.acquire(blocking=False)
    began = time.monotonic()
    assert inventory.scan("step", 1, 1000) == {}
    assert time.monotonic() - began < 1
    inventory._busy.release()


def test_the_garbage_collector_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that saves and restores its state meanwhile must find its own."""
    calls: list[str] = []
    for name in ("disable", "enable", "set_threshold", "freeze"):
        monkeypatch.setattr(gc, name, lambda *_, name=name: calls.append(name))
    inventory = Inventory()
    for _ in range(2):
        inventory.scan("periodic", 0, 5000)
    assert calls == []


def test_while_a_profiler_looks_on_what_was_seen_before_stands_in() -> None:
    """Before 3.12 variables cannot be read then: they are there all the same."""
    kept = [np.zeros(MB // 8) for _ in range(3)]
    inventory = Inventory()
    assert "kept" in scan(inventory)
    sys.setprofile(lambda *_: None)
    try:
        blobs = [inventory.scan("pressure", 2, 100_000) for _ in range(4)]
    finally:
        sys.setprofile(None)
    assert all("kept" in [e["owner"] for e in blob["entries"]] for blob in blobs)
    assert len(kept) == 3


class Machinery:
    """Stands for an optimizer or a data set: a library's, with a thousand parts."""

    def __init__(self) -> None:
        for number in range(240):
            setattr(self, f"a{number}", [[number, [number]] for _ in range(20)])


class Owner:
    """A trainer as people write it: what is dear first, the list that grows last."""

    def __init__(self) -> None:
        self.data = Machinery()
        self.outputs: list[Any] = []


def test_a_list_behind_a_large_object_of_a_library_is_seen_to_grow(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Machinery, "__module__", "some_library.data")
    owner = Owner()
    inventory = Inventory()
    for step in range(300):  # so many on a machine that has no time
        owner.outputs.append(np.zeros(MB // 8))
        blob = inventory.scan("step", step, 2000)
        entry = {e["owner"]: e for e in blob["entries"]}.get("Owner.outputs", {})
        if entry.get("growth_bytes_per_step") and entry["count"] > 8:
            break
    assert entry["count"] > 8
    assert entry["growth_bytes_per_step"] == pytest.approx(MB, rel=0.1)


def test_what_a_librarys_object_gains_is_seen_after_a_rest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Machinery, "__module__", "some_library.data")
    owner = Owner()
    inventory = Inventory()
    for step in range(6):
        inventory.scan("step", step, 100_000)
    owner.data.a0 = np.zeros(MB)  # type: ignore[attr-defined]
    for step in range(10):
        blob = inventory.scan("step", 10 + step, 100_000)
    found = {entry["owner"]: entry for entry in blob["entries"]}
    assert found["Owner.data"]["bytes"] >= 8 * MB


def rests(inventory: Inventory, ending: str, scans: int) -> None:
    """Let a name rest, as one does whose visit took long on a busy machine."""
    for key, unit in inventory._memory.units.items():
        if key.endswith(ending):
            unit.rest = scans


@pytest.mark.parametrize("resting", ["images", "alias"])
def test_an_alias_never_takes_over_however_long_either_rests(resting: str) -> None:
    images = np.zeros((4, MB // 8))
    alias = images.reshape(-1)
    inventory = Inventory()
    assert "images" in scan(inventory)
    for step in range(2, 30):
        rests(inventory, f":{resting}", 2 + step % 4)
        found = scan(inventory, step)
        assert found["images"]["bytes"] == 4 * MB
        assert "alias" not in found
    assert alias.size == images.size


def test_what_an_attribute_gives_up_is_the_others_from_then_on() -> None:
    """The name that hands over does not change: neither its object nor a length."""
    giver, taker = Trainer(), Agent()
    giver.history = np.zeros((4, MB // 8))  # type: ignore[assignment]
    taker.memory = giver.history.reshape(-1)  # type: ignore[attr-defined]
    inventory = Inventory()
    assert scan(inventory)["Trainer.history"]["bytes"] == 4 * MB
    giver.history = []
    for step in range(2, 5):
        inventory.scan("step", step, 100_000)
    found = scan(inventory, 5)
    assert "Trainer.history" not in found
    assert found["Agent.memory"]["bytes"] == 4 * MB
    assert taker.memory is not None


class _CutAfter(walk.Walker):
    """A walk whose time is up once so many arrays were measured."""

    arrays = 1

    def leaf(self, obj: Any) -> Any:
        found = super().leaf(obj)
        if found is not None and found.bytes >= MB:
            self.arrays -= 1
            self.cut = self.cut or self.arrays <= 0
        return found


def _walked(make: type[walk.Walker], obj: object) -> tuple[walk.Walker, Tally]:
    kinds = Kinds(Sizers(), {"__main__"})
    kinds.begin()
    walker, tally = make(kinds, 10**10, traced=False), Tally()
    walker.begin_visits()
    walker.begin_name()
    walker.add(obj, tally, "it", 0, 1.0)
    return walker, tally


def test_what_a_cut_scan_saw_stands_for_others_of_its_kind_only() -> None:
    """A record of an array and its score: the score is no second array."""
    rows = [{"made": np.zeros(4 * MB, "uint8"), "loss": 0.5} for _ in range(12)]
    rows[0]["note"] = rows[0]["name"] = "first"
    walker, tally = _walked(_CutAfter, rows)
    assert walker.cut
    assert tally.estimated
    assert tally.bytes == pytest.approx(12 * 4 * MB, rel=0.05)


@pytest.mark.parametrize("turns", [(1, 8), (1, 5, 10), (1, 9, 2, 6)])
@pytest.mark.parametrize("count", [160, 257, 391, 512, 584, 980])
def test_elements_that_come_in_turns_are_sampled_alike(
    turns: tuple[int, ...], count: int
) -> None:
    """At equal distances all samples were of one turn: a fifth was told, or twice."""
    made = [np.zeros(turns[n % len(turns)] << 16, "uint8") for n in range(count)]
    _, tally = _walked(walk.Walker, made)
    assert tally.bytes == pytest.approx(sum(one.nbytes for one in made), rel=0.06)
