"""The watcher writes its own sections and sees what the recorder writes, once."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerascrash.dump.follow import RingFollower
from kerascrash.dump.geometry import is_stored, plan_sections, slot_index
from kerascrash.dump.layout import SMALLEST_SIZE, WORKER_SIZE
from kerascrash.dump.reader import read_dump
from kerascrash.dump.records import EventKind, State
from kerascrash.dump.ring import Ring
from kerascrash.dump.watcher_writer import open_watcher_writer
from kerascrash.dump.writer import DumpWriter, create_dump

Maker = Callable[..., DumpWriter]


def test_the_watchers_sections_come_back(new_dump: Maker) -> None:
    w = new_dump()
    watcher = open_watcher_writer(w.path)
    watcher.watch({"rss": 9, "state": ord("R")})
    watcher.stderr(b"Aborted\n")
    assert watcher.certificate({"version": 1})
    w.close()
    watcher.set_state(State.SEALED)
    watcher.flush()
    watcher.close()
    dump = read_dump(w.path)
    assert [s.values for s in dump.watch] == [{"rss": 9, "state": 82}]
    assert (dump.stderr, dump.certificate) == (b"Aborted\n", {"version": 1})
    assert dump.header.state == "sealed"
    assert dump.damage == []


def test_it_reads_what_the_recorder_wrote(new_dump: Maker) -> None:
    w = new_dump()
    watcher = open_watcher_writer(w.path)
    assert watcher.last_progress() is None
    assert watcher.last_sample() is None
    assert watcher.blob("inventory") is None
    w.progress(5, 1, 77, 7, 100, 32, -1)
    w.sample({"rss": 4})
    w.blob("inventory", {"entries": []})
    w.event(EventKind.EPOCH_BEGIN, {"epoch": 0})
    w.event(EventKind.EPOCH_BEGIN, {"epoch": 1})
    progress, sample = watcher.last_progress(), watcher.last_sample()
    assert progress is not None
    assert progress["step"] == 77
    assert sample is not None
    assert sample[1] == {"rss": 4}
    assert watcher.blob("inventory") == {"entries": []}
    first, second = watcher.events_since(0)
    assert (first[3], second[3]) == ({"epoch": 0}, {"epoch": 1})
    assert watcher.events_since(first[0]) == [second]
    assert watcher.state() == "recording"
    w.set_state(State.FINISHED)
    assert watcher.state() == "finished"
    assert watcher.header()["pid"] == 4711
    watcher.close()


def test_a_second_watcher_goes_on_where_the_first_ended(new_dump: Maker) -> None:
    w = new_dump()
    for value in (1, 2):
        watcher = open_watcher_writer(w.path)
        watcher.watch({"rss": value})
        watcher.stderr(b"%d" % value)
        watcher.close()
    dump = read_dump(w.path)
    assert [s.values["rss"] for s in dump.watch] == [1, 2]
    assert dump.stderr == b"12"


@given(st.lists(st.binary(min_size=1, max_size=1500), max_size=30))
def test_stderr_keeps_the_tail(
    tmp_path_factory: pytest.TempPathFactory, parts: list[bytes]
) -> None:
    path = tmp_path_factory.mktemp("d") / "d.bin"
    w = create_dump(path, size=SMALLEST_SIZE)
    watcher = open_watcher_writer(path)
    for part in parts:
        watcher.stderr(part)
    kept, whole = read_dump(path).stderr, b"".join(parts)
    watcher.close()
    w.close()
    assert whole.endswith(kept)
    assert len(kept) >= min(len(whole), 3 * 992)


def test_a_certificate_too_big_is_refused(new_dump: Maker) -> None:
    w = new_dump()
    watcher = open_watcher_writer(w.path)
    assert watcher.certificate({"version": 1})
    assert not watcher.certificate({"noise": os.urandom(10_000).hex()})
    assert read_dump(w.path).certificate == {"version": 1}
    watcher.close()


@pytest.mark.parametrize("content", [b"", b"not a dump", bytes(SMALLEST_SIZE)])
def test_what_is_no_dump_is_not_opened(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "d.bin"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"dump|header"):
        open_watcher_writer(path)


def test_a_link_is_not_followed(new_dump: Maker, tmp_path: Path) -> None:
    w = new_dump()
    (tmp_path / "link.bin").symlink_to(w.path)
    with pytest.raises(OSError, match="link"):
        open_watcher_writer(tmp_path / "link.bin")


@given(
    st.sampled_from(["fine", "coarse", "events", "progress", "blob"]),
    st.lists(st.integers(0, 300), min_size=1, max_size=12),
)
def test_a_follower_sees_everything_that_is_still_there(
    section: str, bursts: list[int]
) -> None:
    """After each burst: all that the ring holds and had not been seen, in order."""
    buffer = bytearray(SMALLEST_SIZE)
    entry = next(e for e in plan_sections(SMALLEST_SIZE) if e.section == section)
    ring = Ring(buffer, entry)  # type: ignore[arg-type]
    follower = RingFollower(buffer, entry)
    places: dict[int, int] = {}
    seen: set[int] = set()
    for burst in bursts:
        for _ in range(burst):
            number = ring.draw()
            if section != "coarse" or is_stored(entry, number):
                ring.put_at(number, number, b"x")
                places[slot_index(entry, number)] = number
        new = [slot.sequence for _, slot in follower.new_slots()]
        assert set(new) == set(places.values()) - seen
        assert len(new) == len(set(new))
        seen |= set(new)


def test_numbers_stored_out_of_order_are_seen_late_but_seen() -> None:
    buffer = bytearray(SMALLEST_SIZE)
    entry = next(e for e in plan_sections(SMALLEST_SIZE) if e.section == "fine")
    ring, follower = Ring(buffer, entry), RingFollower(buffer, entry)  # type: ignore[arg-type]
    late = ring.draw()
    ring.put(1, b"second")
    assert [s.payload for _, s in follower.new_slots()] == [b"second"]
    ring.put_at(late, 1, b"first")
    assert [s.payload for _, s in follower.new_slots()] == [b"first"]
    assert follower.new_slots() == []


def test_reading_beside_a_busy_recorder_accepts_no_half_record(new_dump: Maker) -> None:
    w = new_dump(WORKER_SIZE)
    stop = threading.Event()

    def write() -> None:
        i = 0
        while not stop.is_set():
            i += 1
            w.blob("inventory", {"first": i, "middle": "x" * 3000, "last": i})
            w.event(EventKind.WARNING, {"first": i, "middle": "x" * 1200, "last": i})

    thread = threading.Thread(target=write)
    thread.start()
    watcher = open_watcher_writer(w.path)
    seen = top = rounds = 0
    give_up = time.monotonic() + 60
    while rounds < 150 or (not seen and time.monotonic() < give_up):
        rounds += 1
        blob = watcher.blob("inventory")
        if blob:
            assert blob["first"] == blob["last"]
        for sequence, _, _, data in watcher.events_since(top):
            assert data["first"] == data["last"]
            top, seen = sequence, seen + 1
    stop.set()
    thread.join()
    watcher.close()
    assert seen
