"""A real tmpfs that is filled, emptied and filled again: what is told of its room."""

from __future__ import annotations

import mmap
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from kerascrash.dump.records import EventKind
from kerascrash.record import shared_room
from kerascrash.record.shared_room import SharedRoom

MIB = 1 << 20

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="a tmpfs needs Linux and root"
)


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A file system of 16 MiB, with a blank in its name."""
    place = tmp_path / "shared memory"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(place)]
    if subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("no tmpfs can be mounted here")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def recorder_of(told: list[dict[str, Any]]) -> Any:
    def event(kind: EventKind, **data: Any) -> None:
        assert kind is EventKind.SHARED_ROOM
        told.append(data)

    return SimpleNamespace(event=event)


def test_each_halving_is_told_and_that_it_is_wide_again(small: Path) -> None:
    told: list[dict[str, Any]] = []
    room = SharedRoom(recorder_of(told))
    room.look()
    assert told == []
    with (small / "batches").open("wb+") as file:
        file.truncate(64 * MIB)
        with mmap.mmap(file.fileno(), 64 * MIB) as memory:
            for start in range(0, 16 * MIB, MIB):
                memory[start : start + MIB] = bytes(MIB)
                room.look()
    mine = [event for event in told if event["path"] == str(small)]
    assert [event["free"] // MIB for event in mine] == [8, 4, 2, 1, 0]
    assert {event["total"] for event in mine} == {16 * MIB}
    assert all(event["before"] - event["free"] == MIB for event in mine)
    # The kernel counts such pages in lots of up to 64 for each processor.
    least = mine[0]["own"] + 4 * MIB
    assert mine[-1]["own"] > least
    (small / "batches").unlink()
    room.look()
    assert told[-1]["path"] == str(small)
    assert told[-1]["free"] == 16 * MIB


def test_filling_and_emptying_for_ever_does_not_flood_the_ring(
    small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_room, "_MOST_EVENTS", 6)
    told: list[dict[str, Any]] = []
    room = SharedRoom(recorder_of(told))
    room.look()
    for _ in range(50):
        (small / "batch").write_bytes(bytes(15 * MIB))
        room.look()
        (small / "batch").unlink()
        room.look()
    assert 6 <= len([event for event in told if event["path"] == str(small)]) < 20


def test_a_look_between_steps_waits_for_its_share_of_the_time(small: Path) -> None:
    told: list[dict[str, Any]] = []
    room = SharedRoom(recorder_of(told))
    began = time.monotonic_ns()
    room.look()
    (small / "batch").write_bytes(bytes(15 * MIB))
    room.at_step(began)
    assert told == []
    room.at_step(began + 3_600_000_000_000)
    assert [event["path"] for event in told] == [str(small)]


def test_a_file_system_that_goes_away_costs_nothing(small: Path) -> None:
    room = SharedRoom(recorder_of([]))
    room.look()
    assert str(small) in room._places
    subprocess.run(["umount", str(small)], check=True)
    small.rmdir()
    room.look()
    room.look()
    assert str(small) not in room._places
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", str(small)], check=True)
