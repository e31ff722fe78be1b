"""When the watcher looks into the target, and what the certificate tells of it."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest

from kerascrash.dump.clock import now_ns
from kerascrash.dump.watcher_writer import open_watcher_writer
from kerascrash.dump.writer import DumpWriter, create_dump
from kerascrash.watch.outside import Outside
from kerascrash.watch.outside_text import describe_stack

SECOND = 1_000_000_000
MIB = 1 << 20


class Counting(Outside):
    """Looks at once, at nothing: only when it would is of interest."""

    def _read(self) -> None:
        self.reads += 1
        self._busy = False

    def settle(self) -> int:
        """Return the reads once the thread that was started has run."""
        give_up = time.monotonic() + 20
        while self._busy and time.monotonic() < give_up:
            time.sleep(0.001)
        return self.reads


@pytest.fixture
def recorder(tmp_path: Path) -> DumpWriter:
    dump = create_dump(
        tmp_path / "ring.bin", size=256 << 10, identity={"pid": os.getpid()}
    )
    dump.sample({"interval_us": 250_000})
    return dump


def outside(recorder: DumpWriter, **about: Any) -> Counting:
    environment = {"outside": about or {"layout": {}}}
    writer = open_watcher_writer(recorder.path)
    return Counting(writer, os.getpid(), lambda: environment)


def look(one: Counting, at: int, rss: int = MIB, *, urgent: bool = False) -> int:
    one.look(at, {"rss": rss}, urgent=urgent)
    return one.settle()


def test_a_target_whose_recorder_beats_is_never_read(recorder: DumpWriter) -> None:
    one = outside(recorder)
    for beat in range(20):
        recorder.sample({"interval_us": 250_000})
        beaten = now_ns()
        for look_s in (0.0, 0.1, 0.2, 0.3, 0.39):
            # memory grows all the while: that alone is no reason
            one.look(
                beaten + int(look_s * SECOND), {"rss": beat * 100 * MIB}, urgent=False
            )
    assert one.settle() == 0


def test_one_that_paces_itself_is_given_time(recorder: DumpWriter) -> None:
    recorder.sample({"interval_us": 900_000})
    beaten = now_ns()
    one = outside(recorder)
    assert look(one, beaten + SECOND) == 0
    assert look(one, beaten + 2 * SECOND) == 1


def test_a_silent_one_is_read_each_second_and_more_often_as_it_grows(
    recorder: DumpWriter,
) -> None:
    beaten, one = now_ns(), outside(recorder)
    reads = []
    for tenth in range(4, 24):  # nothing moves
        reads.append(look(one, beaten + tenth * SECOND // 10))
    assert reads[1] == 1
    assert reads[-1] == 2
    for tenth in range(24, 44):  # it grows by the second
        reads.append(look(one, beaten + tenth * SECOND // 10, rss=tenth * 50 * MIB))
    assert 6 <= reads[-1] - reads[19] <= 8  # four a second at most


def test_near_the_limit_it_is_read_sooner(recorder: DumpWriter) -> None:
    one, beaten = outside(recorder), now_ns()
    assert look(one, beaten + SECOND // 20, urgent=True) == 0
    assert look(one, beaten + SECOND // 4, urgent=True) == 1


def test_a_stack_is_dropped_once_the_recorder_is_back(recorder: DumpWriter) -> None:
    one, beaten = outside(recorder), now_ns()
    for age, kept in ((SECOND, True), (5 * SECOND, False)):
        one.newest = (beaten - age, [("train.py", 3, "f")])
        look(one, beaten + 4 * SECOND + age)
        assert (one.newest is not None) is kept
    recorder.close()


def test_nothing_is_read_where_the_recorder_told_nothing(recorder: DumpWriter) -> None:
    writer = open_watcher_writer(recorder.path)
    one = Counting(writer, os.getpid(), dict)
    assert look(one, now_ns() + 5 * SECOND) == 0
    assert one.newest is None
    assert describe_stack(one, {}, 0) is None


def test_the_certificate_tells_files_of_the_user_with_their_text(
    recorder: DumpWriter, tmp_path: Path
) -> None:
    script, package = tmp_path / "train.py", tmp_path / "own" / "patching.py"
    script.write_text("\n".join(f"line_{n}()" for n in range(1, 31)))
    one = outside(recorder)
    one.about = {"library": [f"{tmp_path}/own/", "/lib/"], "path": []}
    one.newest = (
        now_ns() - SECOND,
        [
            ("/x/site-packages/numpy/core.py", 3, "repeat"),
            (str(package), 5, "wrapper"),
            (str(script), 12, "encode"),
            ("train.py", 20, "<module>"),
        ],
    )
    told = describe_stack(one, {"cwd": str(tmp_path)}, time.time_ns() + SECOND)
    assert told is not None
    assert abs(time.time() - 1.0 - told["time"]) < 1.0
    rows = [(row["line"], row["user"], row["source"]) for row in told["frames"]]
    assert rows == [(3, False, None), (12, True, "line_12()"), (20, True, "line_20()")]
    assert told["excerpt"][0] == [7, "line_7()"]
    assert told["excerpt"][-1] == [17, "line_17()"]
    # near miss: the file was changed after the process had begun
    late = describe_stack(one, {"cwd": str(tmp_path)}, time.time_ns() - 60 * SECOND)
    assert late is not None
    assert [row["source"] for row in late["frames"]] == [None] * 3
    assert late["excerpt"] == []
    # and: the user wants no source in his dumps
    private = {"cwd": str(tmp_path), "settings": {"source": False}}
    bare = describe_stack(one, private, time.time_ns() + SECOND)
    assert bare is not None
    assert [row["source"] for row in bare["frames"]] == [None] * 3
