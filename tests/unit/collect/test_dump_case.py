"""A dump written by the real writer becomes a Case."""

from __future__ import annotations

import os
import time

import pytest

from kerascrash.collect.conform import conform
from kerascrash.collect.dump_case import load_case, read_case
from kerascrash.collect.same_boot import booted_since
from kerascrash.dump.records import (
    IDLE_IS_OVER_S,
    PROGRESS_IDLE,
    EventKind,
    Stage,
)
from kerascrash.dump.watcher_writer import open_watcher_writer
from kerascrash.dump.writer import create_dump
from kerascrash.errors import NotADump, SourceError
from kerascrash.estimate.timeline import open_stages
from kerascrash.model.case import ExitStatus, Process, Recording
from kerascrash.model.evidence import Unavailable


def boot_id() -> str:
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
        return file.read().strip()


@pytest.fixture
def dump(tmp_path):
    identity = {"pid": 4711, "ppid": 1, "start_ticks": 5, "boot_id": boot_id(),
                "comm": "python", "script": "/home/ada/train.py", "worker": False,
                "parent_dump": None, "pid_namespace": 0xEFFFFFFC}  # fmt: skip
    return create_dump(str(tmp_path / "train.bin"), identity=identity)


def test_rings_events_and_blobs_are_read(dump) -> None:
    dump.sample({"rss": 100, "cgroup_limit": 1000})
    dump.sample({"rss": 200})
    dump.event(EventKind.EXCEPTION, {"type": "ValueError", "message": "x"})
    dump.event(EventKind.EXIT, {"status": 1, "how": "uncaught exception"})
    dump.progress(Stage.FIT, 2, 40, 8, 16, 32, 1_000_000)
    dump.blob("inventory", {"entries": [{"owner": "x", "bytes": 5}]})
    case = read_case(dump.path)
    recording = case.recording
    assert isinstance(recording, Recording)
    rss = recording.find_series("rss")
    assert rss is not None
    assert rss.values == (100, 200)
    assert [mark.kind for mark in recording.marks] == ["exception", "exit"]
    assert recording.progress["stage"] == "fit"
    assert (recording.progress["epoch"], recording.progress["batch_size"]) == (2, 32)
    assert recording.inventory["entries"][0]["owner"] == "x"
    assert isinstance(case.process, Process)
    assert (case.process.pid, case.process.pid_is_global) == (4711, True)
    assert case.same_boot is True
    assert case.exit == ExitStatus(code=1, known_by="inferred")
    assert isinstance(case.certificate, Unavailable)


@pytest.mark.parametrize(
    ("flags", "later_s", "still_open"),
    [
        (PROGRESS_IDLE, IDLE_IS_OVER_S + 0.1, []),
        (0, IDLE_IS_OVER_S + 0.1, ["BUILD"]),  # a weight was being made
        (PROGRESS_IDLE, 0.0, ["BUILD"]),  # it died before anything else began
    ],
)
def test_a_build_whose_end_nobody_could_write_down(
    dump, flags, later_s, still_open
) -> None:
    dump.event(EventKind.STAGE_BEGIN, {"stage": "BUILD", "where": None})
    dump.progress(Stage.BUILD, -1, -1, -1, -1, -1, -1)
    dump.progress(Stage.BUILD, -1, -1, -1, -1, -1, -1, flags)
    time.sleep(later_s)
    dump.sample({"rss": 100})
    recording = read_case(dump.path).recording
    assert isinstance(recording, Recording)
    assert [mark.data["stage"] for mark in open_stages(recording)] == still_open
    ends = [mark.time for mark in recording.marks if mark.kind == "stage_end"]
    assert len(ends) == 1 - len(still_open)
    assert all(recording.last_sample - end > IDLE_IS_OVER_S for end in ends)


def test_nobody_saw_it_end(dump) -> None:
    dump.sample({"rss": 100})
    case = read_case(dump.path)
    assert isinstance(case.exit, Unavailable)
    assert case.death == pytest.approx(case.recording.last_sample)


def test_the_last_sign_of_life_may_be_a_look_at_objects(dump) -> None:
    dump.sample({"rss": 100})
    time.sleep(0.05)
    dump.blob("inventory", {"entries": []})
    case = read_case(dump.path)
    assert isinstance(case.recording, Recording)
    assert case.death == case.recording.blob_times["inventory"]
    assert case.death > (case.recording.last_sample or 0) + 0.04


def test_an_estimate_beyond_all_memory_is_no_evidence(dump) -> None:
    dump.sample({"rss": 1000})
    rows = [
        {"owner": "x", "bytes": 90_000, "estimated": True, "device": "host"},
        {"owner": "y", "bytes": 90_000, "estimated": False, "device": "host"},
        {"owner": "z", "bytes": 1400, "estimated": True, "device": "host"},
    ]
    dump.blob("inventory", {"entries": rows, "total_bytes": 181_400})
    recording = read_case(dump.path).recording
    assert isinstance(recording, Recording)
    assert [e["owner"] for e in recording.inventory["entries"]] == ["y", "z"]
    assert recording.inventory["total_bytes"] == 91_400


def test_a_status_that_is_given_counts(dump) -> None:
    case = load_case(dump.path, exit="137")
    assert isinstance(case.exit, ExitStatus)
    assert case.exit.signal == 9


def test_logs_given_and_beside(dump, tmp_path) -> None:
    (tmp_path / "train.kernel.log").write_text("kernel: Out of memory\n")
    given = tmp_path / "mine.err"
    given.write_text("Killed\n")
    case = load_case(dump.path, stderrs=[str(given)])
    sources = {os.path.basename(log.source): log.kind for log in case.logs}
    assert sources["train.kernel.log"] == "kernel"
    assert sources["mine.err"] == "stderr"
    assert "stderr log" not in {one.what for one in case.unavailable}


def test_a_log_of_another_dump_is_left_alone(dump, tmp_path) -> None:
    (tmp_path / "other.bin").write_bytes(b"x")
    (tmp_path / "kernel.log").write_text("kernel: Out of memory\n")
    case = load_case(dump.path)
    assert not [log for log in case.logs if log.source.endswith("kernel.log")]


def test_a_log_that_is_not_there_is_an_error_of_the_user(dump, tmp_path) -> None:
    with pytest.raises(SourceError, match=r"nothing\.log"):
        load_case(dump.path, kernel_logs=[str(tmp_path / "nothing.log")])


def test_no_dump(tmp_path) -> None:
    (tmp_path / "x.bin").write_bytes(b"text")
    with pytest.raises(NotADump):
        load_case(tmp_path / "x.bin")


def test_children_are_found_by_their_parents_name(dump, tmp_path) -> None:
    identity = {"pid": 4712, "ppid": 4711, "start_ticks": 6, "boot_id": boot_id(),
                "comm": "python", "script": "w.py", "worker": True,
                "parent_dump": dump.path}  # fmt: skip
    create_dump(str(tmp_path / "worker.bin"), size=256 << 10, identity=identity)
    (child,) = read_case(dump.path).children
    assert isinstance(child.process, Process)
    assert child.process.pid == 4712
    assert not child.process.is_main


def test_a_stderr_file_is_quoted_only_in_the_same_boot(dump, tmp_path) -> None:
    err = tmp_path / "train.err"
    err.write_text("old run\nFatal: it broke\n")
    dump.blob(
        "environment", {"stderr": {"kind": "file", "path": str(err), "offset": 8}}
    )
    dump.sample({"rss": 1})
    case = read_case(dump.path)
    (log,) = [log for log in case.logs if log.kind == "stderr"]
    assert [line.text for line in log.lines] == ["Fatal: it broke"]


def test_output_of_a_later_run_is_not_taken_for_this_one(dump, tmp_path) -> None:
    """The file was written over, as by `python train.py 2>train.err` run again."""
    err = tmp_path / "train.err"
    err.write_text("OSError: [Errno 24] Too many open files\n")
    dump.sample({"rss": 1})
    death = time.time() - 600
    stderr = {"how": "file", "path": str(err), "offset": 0, "bytes": 0}
    watcher = open_watcher_writer(dump.path)
    watcher.certificate({"death": {"realtime": death}, "stderr": stderr})
    assert not [log for log in read_case(dump.path).logs if log.kind == "stderr"]
    watcher.certificate(
        {"death": {"realtime": death}, "stderr": {**stderr, "bytes": 20}}
    )
    assert not [log for log in read_case(dump.path).logs if log.kind == "stderr"]


def test_a_dump_from_elsewhere_quotes_no_file_of_this_machine(tmp_path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("password\n")
    identity = {"pid": 1, "ppid": 0, "start_ticks": 1, "boot_id": "another"}
    writer = create_dump(str(tmp_path / "foreign.bin"), identity=identity)
    stderr = {"kind": "file", "path": str(secret), "offset": 0}
    writer.blob("environment", {"stderr": stderr})
    writer.sample({"rss": 1})
    assert not [log for log in read_case(writer.path).logs if log.kind == "stderr"]


def test_another_boot_id_alone_is_no_reboot() -> None:
    assert booted_since("another", Recording("d", "recording"), 5e9) is None
    assert booted_since("", Recording("d", "recording"), 5e9) is None


def test_a_reboot_is_told_before_the_environment_was_kept(dump, tmp_path) -> None:
    """Seen after a power cut in the first seconds: readings alone were on the disk."""
    with open("/proc/meminfo", encoding="ascii") as file:
        total = int(file.readline().split()[1]) * 1024
    script = tmp_path / "train.py"
    script.write_text("")
    dump.sample({"host_total": total})
    recording = read_case(dump.path).recording
    long_ago = 1.0
    assert booted_since("another", recording, long_ago, str(script)) is False
    assert booted_since("another", recording, long_ago, "/gone/train.py") is None


@pytest.mark.parametrize(
    "hostile",
    [
        None,
        [],
        {"entries": "many"},
        {"entries": [None, 5, {"owner": 7, "bytes": "x", "history": [[1], 2]}]},
        {"entries": [{"bytes": float("nan"), "place": {"excerpt": [["a", 1]]}}]},
        {"total_bytes": 1 << 80},
    ],
)
def test_wrong_shapes_are_left_out(hostile) -> None:
    fitted = conform(hostile, "inventory")
    for entry in fitted.get("entries", []):
        assert isinstance(entry.get("owner", ""), str)
        assert isinstance(entry.get("bytes", 0), int)
        assert all(len(row) == 3 for row in entry.get("history", []))
    assert "total_bytes" not in fitted
