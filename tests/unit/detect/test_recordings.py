"""What each detector of recordings and certificates sees, and what it must not see."""

from __future__ import annotations

import pytest

from kerascrash.collect.log_text import make_logs
from kerascrash.detect import load_detectors, observe
from kerascrash.model.case import ExitStatus
from kerascrash.model.evidence import Unavailable

MIB = 1 << 20
GIB = 1 << 30


def seen(case) -> dict:
    observed = observe(case)
    assert observed.faults == ()
    return {finding.id: finding for finding in observed.findings}


def level(limit, before, after, *, version=2, path="/job", **more):
    return {"path": path, "version": version, "limit": limit, "before": before,
            "after": after, **more}  # fmt: skip


@pytest.mark.parametrize(
    ("version", "before", "after", "peak", "finding"),
    [
        (2, {"oom": 0}, {"oom": 1, "max": 9, "oom_kill": 1}, None,
         "cgroup_oom_counter_rose"),
        (1, {"oom_kill": 0}, {"oom_kill": 1}, GIB, "cgroup_oom_counter_rose"),
        (1, {"oom_kill": 0}, {"oom_kill": 1}, GIB // 2, "oom_kill_without_limit"),
        (2, {"oom": 0, "max": 0, "oom_kill": 0}, {"oom": 0, "max": 0, "oom_kill": 1},
         None, "oom_kill_without_limit"),
    ],
)  # fmt: skip
def test_oom_counters(training, version, before, after, peak, finding) -> None:
    row = level(GIB, before, after, version=version, peak=peak)
    found = seen(training().counters(cgroups=[row], kills=1).build())
    counters = {"cgroup_oom_counter_rose", "oom_kill_without_limit",
                "ancestor_oom_counter_rose", "vmstat_oom_kill_rose"}  # fmt: skip
    assert counters & set(found) == {finding}


def test_v1_counts_a_kill_in_the_leaf_though_the_parent_was_full(training) -> None:
    leaf = level(None, {"oom_kill": 0}, {"oom_kill": 1}, version=1, path="/job/step")
    parent = level(GIB, {"oom_kill": 0}, {"oom_kill": 0}, version=1, peak=GIB)
    found = seen(training().counters(cgroups=[leaf, parent], kills=1).build())
    assert "ancestor_oom_counter_rose" in found
    assert "enclosing cgroup /job " in found["ancestor_oom_counter_rose"].text


def test_a_kill_that_the_kernel_log_gives_to_another_pid(training) -> None:
    builder = training()
    builder.counters(cgroups=[level(None, {}, {})], kills=1)
    builder.certificate["kernel"] = {"readable": True}
    case = builder.build()
    object.__setattr__(case.process, "pid_is_global", True)
    assert "oom_kill_of_another" in seen(case)
    object.__setattr__(case.process, "pid_is_global", False)
    assert "oom_kill_of_another" not in seen(case)


@pytest.mark.parametrize(
    ("size", "finding"),
    [(1500, "cgroup_near_limit"), (500, "cgroup_room_left"), (1250, None)],
)
def test_room_under_the_limit(training, size, finding) -> None:
    found = seen(training().grows((8, size), (20, size)).build())
    rooms = {"cgroup_near_limit", "cgroup_room_left", "cgroup_limit_in_reach"}
    assert rooms & set(found) == ({finding} if finding else set())


def test_a_limit_in_reach_counts_only_while_memory_rises(training) -> None:
    assert "cgroup_limit_in_reach" in seen(
        training().grows((18, 400), (20, 1100)).build()
    )


def test_a_host_without_memory(training) -> None:
    found = seen(training(host_available=500 * MIB).build())
    assert "host_memory_exhausted" in found
    assert "host_room_left" not in found


@pytest.mark.parametrize(
    ("points", "finding"),
    [
        (((18, 400), (20, 1400)), "memory_rose_steeply"),
        (((6, 420), (20, 700)), "memory_rose_steadily"),
        (((4, 420), (20, 421)), "flat_memory"),
    ],
)
def test_the_course_of_memory(training, points, finding) -> None:
    courses = {"memory_rose_steeply", "memory_rose_steadily", "flat_memory"}
    found = seen(
        training(seconds=70).grows(*((p[0] + 50, p[1]) for p in points)).build()
    )
    assert courses & set(found) == {finding}


def test_silence_needs_a_signal_or_nobody_who_saw_it(training) -> None:
    assert "record_stops_silently" in seen(training().build())
    code = ExitStatus(code=3, known_by="pidfd")
    found = seen(training(exit=code).build())
    assert "record_stops_silently" not in found
    assert "left_without_traceback" in found


def test_an_exit_with_a_traceback_is_not_silent(training) -> None:
    builder = training(exit=ExitStatus(code=1, known_by="pidfd"))
    builder.event(19, "exception", type="ValueError", message="x", thread="MainThread")
    builder.event(20, "exit", status=1, how="uncaught exception")
    found = seen(builder.build())
    assert "exception_recorded" in found
    assert not {"left_by_sys_exit", "left_by_os_exit", "dump_finished"} & set(found)


def test_an_exception_of_another_thread_weighs_less(training) -> None:
    builder = training()
    builder.event(19, "exception", type="ValueError", message="x", thread="loader")
    assert seen(builder.build())["exception_recorded"].strength < 0.5


def test_who_saw_the_end_is_told(training) -> None:
    assert "exit_witnessed" in seen(training().build())
    given = ExitStatus(signal=9, known_by="given")
    assert "exit_witnessed" not in seen(training(exit=given).build())


def test_a_signal_long_before_the_end_is_not_told(training) -> None:
    builder = training(seconds=90).event(5, "signal", number=15, name="SIGTERM")
    assert "saw_sigterm" not in seen(builder.build())
    builder.event(80, "signal", number=15, name="SIGTERM")
    assert "saw_sigterm" in seen(builder.build())


def test_a_standstill_is_many_times_a_step(training) -> None:
    builder = training(seconds=200, extra={"cpu_us": 5_000_000}).runs(9, step=50)
    builder.progress.update(time=builder.progress["time"] - 120, step_ns=200_000_000)
    found = seen(builder.build())
    assert {"no_progress", "processor_idle"} <= set(found)
    builder.progress["step_ns"] = 60 * 10**9
    assert "no_progress" not in seen(builder.build())


@pytest.mark.parametrize(
    ("limits", "extra", "finding"),
    [
        ({"dev_shm": {"total": 64 * MIB, "free": 0}}, {}, "shm_full"),
        ({"dev_shm": {"total": 64 * MIB, "free": 60 * MIB}}, {}, "shm_small"),
        ({"tmp_disk": {"total": GIB, "free": 0}}, {}, "disk_nearly_full"),
        ({"rlimits": {"RLIMIT_NOFILE": [1024, 4096]}}, {"fds": 1020},
         "fd_count_near_limit"),
        ({"rlimits": {"RLIMIT_AS": [GIB, GIB]}}, {"vms": GIB}, "address_space_limit"),
        ({"pids_max": 100}, {"threads": 100}, "pids_limit_hit"),
    ],
)  # fmt: skip
def test_small_resources(training, limits, extra, finding) -> None:
    assert finding in seen(training(limits=limits, extra=extra).build())


def test_resources_with_room_are_not_told(training) -> None:
    rlimits = {"RLIMIT_NOFILE": [1024, 4096], "RLIMIT_AS": [-1, -1]}
    shm = {"total": GIB, "free": GIB}
    limits = {"dev_shm": shm, "pids_max": -1, "rlimits": rlimits}
    extra = {"fds": 40, "threads": 30, "vms": 9 * GIB}
    found = seen(training(limits=limits, extra=extra).build())
    told = {"shm_full", "shm_small", "fd_count_near_limit", "address_space_limit",
            "pids_limit_hit", "disk_nearly_full"}  # fmt: skip
    assert not told & set(found)


@pytest.mark.parametrize(
    ("own", "ours"),
    [
        ("/docker/ab12", True),
        ("/docker/ab12/sub", True),  # the limit is its parent's
        ("/ab12", True),  # it saw its own path from below
        ("/", True),  # it saw its container's top only: the pod's limit is above it
        (None, True),  # an older dump
        ("/docker/cd34", False),
        ("/docker/ab12345", False),
    ],
)
def test_a_refused_fork_of_another_group_is_not_ours(training, own, ours) -> None:
    group = {"pids_path": own} if own else {}
    builder = training(environment={"cgroup": group})
    case = builder.build()
    line = "[ 12.5] cgroup: fork rejected by pids controller in /docker/ab12"
    object.__setattr__(case, "logs", tuple(make_logs([line], "kernel", "dmesg")))
    assert ("thread_limit" in seen(case)) is ours


def test_a_processor_without_avx(training) -> None:
    environment = {"machine": "x86_64", "cpu_flags": ["sse4_2"]}
    assert "cpu_lacks_avx" in seen(training(environment=environment).build())
    environment["cpu_flags"] = []  # not readable: says nothing
    assert "cpu_lacks_avx" not in seen(training(environment=environment).build())


def test_without_a_recording_its_findings_are_not_examined(training) -> None:
    case = training().build()
    object.__setattr__(case, "recording", Unavailable("recording", "not armed"))
    unexamined = observe(case).unexamined
    assert unexamined["tensors_kept"].reason == "not armed"


def test_no_detector_minds_an_empty_recording(training) -> None:
    builder = training(limit=None, levels=[(0.0, 0)])
    case = builder.build()
    for name in ("series", "marks"):
        object.__setattr__(case.recording, name, ())
    observed = observe(case)
    assert observed.faults == ()


def test_every_detector_tells_what_it_finds(leaking) -> None:
    declared = {name for detector in load_detectors() for name in detector.finds}
    assert {finding.id for finding in observe(leaking.build()).findings} <= declared


@pytest.mark.parametrize(("others", "strength"), [((), 0.5), (("second",), 0.25)])
def test_what_grows_alone_accounts_for_more_than_its_bytes(
    training, others, strength
) -> None:
    builder = training(limit=2 * GIB).grows((20, 1400)).runs(4, step=280)
    for name in ("replay", *others):
        builder.holds_list(
            name, 925_000, [10, 90, 180, 283], element={"type": "ndarray"}
        )
    found = seen(builder.build())
    assert found["arrays_kept"].strength == pytest.approx(strength, abs=0.07)


@pytest.mark.parametrize(("made", "leak"), [("kept", True), ("other", False)])
def test_what_is_made_again_longer_is_no_data_being_loaded(
    training, made, leak
) -> None:
    builder = training(limit=2 * GIB).grows((20, 1400)).runs(4, step=63)
    builder.event(18, "stage_end", stage="fit", ok=True)
    builder.holds_list(
        "kept",
        925_000,
        [10, 90, 180, 400],
        element={"type": "ndarray"},
        place_how="assign",
    )
    builder.at_line(f"    {made} = np.concatenate([kept, part])")
    found = seen(builder.build())
    assert ("data_being_loaded" not in found) is leak
    assert found["arrays_kept"].strength == pytest.approx(
        0.72 if leak else 0.5, abs=0.1
    )
