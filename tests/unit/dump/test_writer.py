"""What was written is read; what cannot be written hurts nobody."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerascrash.dump import writer as writer_module
from kerascrash.dump.layout import (
    DEFAULT_SIZE,
    MAX_EVENT,
    SMALLEST_SIZE,
    WORKER_SIZE,
)
from kerascrash.dump.reader import read_dump
from kerascrash.dump.records import PROGRESS_IDLE, RECORDER_FIELDS, EventKind, State
from kerascrash.dump.writer import DumpWriter, create_dump

Maker = Callable[..., DumpWriter]
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.text(max_size=20)
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)


@pytest.mark.parametrize("size", [SMALLEST_SIZE, WORKER_SIZE, DEFAULT_SIZE])
def test_every_kind_of_record_comes_back(new_dump: Maker, size: int) -> None:
    w = new_dump(size)
    w.sample({"rss": 5, "step": 7, "no such field": 1})
    w.event(EventKind.STAGE_BEGIN, {"stage": "fit", "where": None})
    w.progress(5, 1, 200, 20, 180, 32, 1_000_000, PROGRESS_IDLE)
    assert w.blob("models", {"models": [{"name": "a"}]})
    w.set_state(State.FINISHED)
    dump = read_dump(w.path)
    assert dump.damage == []
    assert dump.fine[0].values == dump.coarse[0].values == {"rss": 5, "step": 7}
    assert dump.events[0][2:] == (
        EventKind.STAGE_BEGIN,
        {"stage": "fit", "where": None},
    )
    assert dump.progress[0][2:] == (5, 1, 200, 20, 180, 32, 1_000_000, PROGRESS_IDLE)
    assert dump.blobs["models"].data == {"models": [{"name": "a"}]}
    assert (dump.header.pid, dump.header.state) == (4711, "finished")
    assert w.dropped == 0


def test_times_become_unix_times(new_dump: Maker) -> None:
    w = new_dump()
    w.event(EventKind.CLOCK, {})
    before = time.time()
    w.clock()
    dump = read_dump(w.path)
    assert dump.to_unix(dump.events[-1].time_ns) == pytest.approx(before, abs=5)


def test_a_clock_set_during_the_run_moves_only_what_came_after(new_dump: Maker) -> None:
    w = new_dump()
    start = read_dump(w.path).header
    later = start.boottime_ns + 10**9
    pair = {"realtime_ns": start.realtime_ns + 3600 * 10**9, "boottime_ns": later}
    w.event(EventKind.CLOCK, pair)
    dump = read_dump(w.path)
    base = start.realtime_ns / 1e9
    assert dump.to_unix(later - 1) == pytest.approx(base + 1, abs=1e-3)
    assert dump.to_unix(later) == pytest.approx(base + 3600, abs=1e-3)


@given(st.lists(st.dictionaries(st.text(max_size=9), JSON, max_size=5), max_size=30))
def test_events_come_back_whatever_they_hold(
    tmp_path_factory: pytest.TempPathFactory, events: list[dict[str, Any]]
) -> None:
    path = tmp_path_factory.mktemp("d") / "d.bin"
    w = create_dump(path, size=WORKER_SIZE)
    for data in events:
        w.event(EventKind.WARNING, data)
    found = [e.data for e in read_dump(path).events]
    w.close()
    assert w.dropped == 0
    assert found == events


@given(
    st.dictionaries(
        st.sampled_from(RECORDER_FIELDS),
        st.integers() | st.floats() | st.none() | st.text(),
    )
)
def test_any_reading_is_kept_clamped_or_absent(
    tmp_path_factory: pytest.TempPathFactory, values: dict[str, Any]
) -> None:
    path = tmp_path_factory.mktemp("d") / "d.bin"
    w = create_dump(path, size=SMALLEST_SIZE)
    w.sample(values)
    found = read_dump(path).fine
    w.close()
    assert w.dropped == 0
    exact = {k: v for k, v in values.items() if type(v) is int and abs(v) < 2**63}
    assert {k: v for k, v in found[0].values.items() if k in exact} == {
        k: v for k, v in exact.items() if v != -1
    }


def test_rings_keep_the_newest_and_the_first_events(new_dump: Maker) -> None:
    w = new_dump()
    for i in range(1000):
        w.event(EventKind.EPOCH_BEGIN, {"epoch": i})
        w.progress(5, i, i, 0, 0, 0, 0)
    dump = read_dump(w.path)
    epochs = [e.data["epoch"] for e in dump.events]
    assert epochs[:8] == list(range(8))
    assert epochs[8:] == list(range(976, 1000))
    assert [p.step for p in dump.progress] == list(range(992, 1000))
    assert dump.damage == []


def test_a_long_event_is_spread_over_slots(new_dump: Maker) -> None:
    w = new_dump(DEFAULT_SIZE)
    data = {"traceback": [["train.py", i, "f", "x" * 30] for i in range(200)]}
    w.event(EventKind.EXCEPTION, data)
    w.event(EventKind.EXIT, {"status": 1})
    dump = read_dump(w.path)
    assert [e.data for e in dump.events] == [data, {"status": 1}]
    assert dump.damage == []


@pytest.mark.parametrize("size", [SMALLEST_SIZE, DEFAULT_SIZE])
def test_a_longer_event_is_shortened_and_says_so(new_dump: Maker, size: int) -> None:
    w = new_dump(size)
    frames = [["train.py", i, "f", "x" * 100] for i in range(5000)]
    w.event(EventKind.EXCEPTION, {"type": "ValueError", "traceback": frames})
    (event,) = read_dump(w.path).events
    assert event.data["truncated"] is True
    assert event.data["type"] == "ValueError"
    assert event.data["traceback"][0] == frames[0]
    assert event.data["traceback"][-1] == frames[-1]
    w.event(EventKind.WARNING, {str(i): "y" * MAX_EVENT for i in range(500)})
    assert read_dump(w.path).events[-1].data["truncated"] is True
    assert w.dropped == 0


def test_long_events_from_many_threads_stay_whole(new_dump: Maker) -> None:
    w = new_dump(DEFAULT_SIZE)

    def write(thread: int) -> None:
        for i in range(40):
            w.event(EventKind.WARNING, {"text": f"{thread}:{i}:" + "z" * 900})

    threads = [threading.Thread(target=write, args=(n,)) for n in range(6)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    dump = read_dump(w.path)
    texts = {e.data["text"].rstrip("z") for e in dump.events}
    assert texts == {f"{n}:{i}:" for n in range(6) for i in range(40)}
    assert dump.damage == []
    assert w.dropped == 0


def test_a_blob_too_big_is_refused_and_both_copies_stay(new_dump: Maker) -> None:
    w = new_dump()
    assert w.blob("models", {"n": 1})
    assert w.blob("models", {"n": 2})
    noise = os.urandom(w.blob_room("models")).hex()
    assert not w.blob("models", {"noise": noise})
    assert not w.blob("no such blob", {})
    dump = read_dump(w.path)
    assert dump.blobs["models"].data == {"n": 2}
    assert dump.older_blobs["models"].data == {"n": 1}


def test_what_is_no_json_is_dropped_and_counted(new_dump: Maker) -> None:
    w = new_dump()
    loop: dict[str, Any] = {}
    loop["loop"] = loop
    w.event(EventKind.WARNING, loop)
    w.event(EventKind.WARNING, {("tuple",): 1})  # type: ignore[dict-item]
    assert not w.blob("models", loop)
    assert w.dropped == 3
    assert read_dump(w.path).events == []


def test_a_closed_dump_takes_nothing_and_stays(new_dump: Maker) -> None:
    w = new_dump()
    w.sample({"rss": 1})
    w.close()
    w.close()
    w.sample({"rss": 2})
    w.event(EventKind.EXIT, {})
    w.progress(0, 0, 0, 0, 0, 0, 0)
    w.set_state(State.FINISHED)
    assert not w.blob("models", {})
    dump = read_dump(w.path)
    assert ([s.values for s in dump.fine], dump.events) == ([{"rss": 1}], [])


def test_a_forked_child_never_writes_the_parents_dump(new_dump: Maker) -> None:
    w = new_dump()
    w.sample({"rss": 1})
    before = Path(w.path).read_bytes()
    pid = os.fork()
    if not pid:
        w.sample({"rss": 2})
        w.event(EventKind.EXIT, {})
        w.progress(0, 0, 0, 0, 0, 0, 0)
        w.blob("models", {"n": 3})
        w.set_state(State.FINISHED)
        w.close()
        os._exit(0)
    os.waitpid(pid, 0)
    assert Path(w.path).read_bytes() == before
    w.sample({"rss": 3})
    assert [s.values["rss"] for s in read_dump(w.path).fine] == [1, 3]


def test_the_file_is_private_allocated_and_exactly_as_large(new_dump: Maker) -> None:
    status = os.stat(new_dump(WORKER_SIZE).path)
    assert stat.S_IMODE(status.st_mode) == 0o600
    assert status.st_size == WORKER_SIZE
    assert status.st_blocks * 512 >= WORKER_SIZE


def test_nothing_that_exists_is_ever_opened_for_a_new_dump(tmp_path: Path) -> None:
    target = tmp_path / "precious"
    target.write_text("precious")
    (tmp_path / "link.bin").symlink_to(target)
    (tmp_path / "dangling.bin").symlink_to(tmp_path / "nowhere")
    for name in ("precious", "link.bin", "dangling.bin"):
        with pytest.raises(FileExistsError):
            create_dump(tmp_path / name)
    assert target.read_text() == "precious"
    assert not (tmp_path / "nowhere").exists()


def test_a_wrong_size_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="a dump has"):
        create_dump(tmp_path / "d.bin", size=1000)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("letter", ["x", "漢", "\udcff"])
def test_a_long_script_path_loses_its_beginning(tmp_path: Path, letter: str) -> None:
    long = "/" + letter * 4000 + "/train.py"
    who = {"script": long, "parent_dump": long, "comm": "python", "pid": 5}
    w = create_dump(tmp_path / "d.bin", size=SMALLEST_SIZE, identity=who)
    w.close()
    header = read_dump(w.path).header
    assert header.script.endswith("/train.py")
    assert header.script.startswith("…")
    assert (header.comm, header.pid) == ("python", 5)


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """Return a file system of 1 MiB; needs the right to mount one."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    done = subprocess.run(mount, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"a small file system cannot be mounted: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_refuses_the_dump_and_keeps_nothing(tiny_disk: Path) -> None:
    with pytest.raises(OSError, match="No space left"):
        create_dump(tiny_disk / "d.bin", size=2 << 20)
    assert list(tiny_disk.iterdir()) == []
    create_dump(tiny_disk / "d.bin", size=SMALLEST_SIZE).close()


def test_without_fallocate_a_full_disk_is_noticed_as_early(
    tiny_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "posix_fallocate")
    with pytest.raises(OSError, match="No space left"):
        create_dump(tiny_disk / "d.bin", size=2 << 20)
    assert list(tiny_disk.iterdir()) == []
    create_dump(tiny_disk / "d.bin", size=SMALLEST_SIZE).close()
    assert os.stat(tiny_disk / "d.bin").st_blocks * 512 >= SMALLEST_SIZE


DAEMON = """
import os, sys
from kerascrash.dump.writer import create_dump
w = create_dump(sys.argv[1], size=131072)
os.closerange(3, 200)          # what daemons do
fds = [os.open(os.devnull, os.O_WRONLY) for _ in range(50)]
w.sample({"rss": 1})
w.close()
for fd in fds:
    os.write(fd, b"still open")
print("fine")
"""


def test_closing_never_closes_a_descriptor_of_the_users(tmp_path: Path) -> None:
    root = Path(writer_module.__file__).parents[2]
    argv = [sys.executable, "-c", DAEMON, str(tmp_path / "d.bin")]
    done = subprocess.run(
        argv,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(root)},
    )
    assert done.stdout == "fine\n", done.stderr


def test_the_recorders_side_imports_little() -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); import kerascrash.dump.writer, "
        "kerascrash.dump.watcher_writer as w; print(*sorted(sys.modules))"
    )
    root = Path(writer_module.__file__).parents[2]
    argv = [sys.executable, "-I", "-S", "-c", code, str(root)]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    heavy = {"typing", "dataclasses", "inspect", "pathlib", "zipfile", "faulthandler"}
    assert not heavy & set(done.stdout.split())
