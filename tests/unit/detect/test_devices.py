"""What the driver told of the devices, and when it must not be made much of."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kerascrash.detect import observe
from kerascrash.model.case import ExitStatus, Mark, Series

GIB = 1 << 30


def course(index, name, *values):
    times = tuple(1000.0 + 10 * i for i in range(len(values)))
    return Series(f"device{index}_{name}", "watcher", times, values)


def with_device(case, own, others, *, start=0, exit_status=None, **facts):
    """Return the case with a device of 16 GiB whose memory ends up held so."""
    own_now, others_now = round(own * GIB), round(others * GIB)
    row = {"index": 0, "name": "H9", "state": "ok", "total": 16 * GIB, **facts}
    row["processes"] = [
        {"pid": 7, "comm": "jupyter", "bytes": others_now, "own": False}
    ]
    begin = round(start * GIB)
    series = (
        course(0, "total", 16 * GIB, 16 * GIB),
        course(0, "own", begin, own_now),
        course(0, "others", others_now, others_now),
        course(0, "used", begin + others_now, own_now + others_now),
        course(0, "ecc_uncorrected", 0, facts.get("ecc_uncorrected", 0)),
    )
    recording = case.recording
    recording = replace(
        recording, series=(*recording.series, *series), devices={"devices": [row]}
    )
    status = exit_status or ExitStatus(code=1)
    return replace(case, recording=recording, exit=status, death=1020.0)


def seen(case):
    observed = observe(case)
    assert observed.faults == ()
    return {finding.id: finding for finding in observed.findings}


def test_others_hold_most_of_the_card(training) -> None:
    found = seen(with_device(training().build(), 6, 9.5))
    assert found["gpu_held_by_other"].strength == 1.0
    assert "jupyter (pid 7)" in found["gpu_held_by_other"].text
    assert "device_own_fills" not in found


@pytest.mark.parametrize(
    ("own", "others"),
    [(15, 0.4), (2, 9)],  # a desktop's share; a card that is not full at all
)
def test_others_hold_little_or_there_is_room(training, own, others) -> None:
    assert "gpu_held_by_other" not in seen(with_device(training().build(), own, others))


def test_a_card_that_was_taken_whole_at_the_start_did_not_fill_up(training) -> None:
    assert "device_filled" in seen(with_device(training().build(), 15.5, 0))
    taken = seen(with_device(training().build(), 15.5, 0, start=15.5))
    assert "device_filled" not in taken
    assert "device_own_fills" in taken


def test_nobody_is_killed_for_want_of_a_cards_memory(training) -> None:
    killed = ExitStatus(signal=9)
    found = seen(with_device(training().build(), 6, 9.5, exit_status=killed))
    assert "gpu_held_by_other" not in found
    case = with_device(training().build(), 6, 9.5)
    mark = Mark(1019.0, "exception", {"type": "MemoryError"})
    marks = (*case.recording.marks, mark)
    case = replace(case, recording=replace(case.recording, marks=marks))
    assert "gpu_held_by_other" not in seen(case)


def test_a_lost_device(training) -> None:
    case = with_device(training().build(), 6, 0, state="lost", reason="GPU is lost")
    found = seen(case)
    assert found["device_lost"].text == "GPU 0 (H9) was lost: GPU is lost"
    assert "device_lost" not in seen(with_device(training().build(), 6, 0))


def test_errors_of_its_memory_count_from_the_start_of_the_run(training) -> None:
    case = with_device(training().build(), 6, 0, ecc_uncorrected=3)
    assert "3 memory errors" in seen(case)["device_ecc_errors"].text
    assert "device_ecc_errors" not in seen(with_device(training().build(), 6, 0))


@pytest.mark.parametrize(("age", "strength"), [(5.0, 1.0), (5000.0, 0.1)])
def test_an_xid_by_its_age(training, age, strength) -> None:
    xids = [{"code": 79, "time": 1020.0 - age}]
    found = seen(with_device(training().build(), 6, 0, xids=xids))
    assert found["xid_hardware"].strength == pytest.approx(strength)
