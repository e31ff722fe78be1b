"""The copy alone is enough, and of two copies the newer slot counts."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from kerascrash.dump.layout import SUPERBLOCK_SIZE
from kerascrash.dump.reader import read_dump
from kerascrash.dump.records import EventKind, State
from kerascrash.dump.sync_copy import SyncCopy
from kerascrash.dump.watcher_writer import open_watcher_writer
from kerascrash.dump.writer import DumpWriter, create_dump

Maker = Callable[..., DumpWriter]


def copied(writer: DumpWriter) -> Path:
    """Copy all that a dump holds, as the watcher does each second."""
    watcher, copy = open_watcher_writer(writer.path), SyncCopy(writer.path)
    copy.update(watcher.changed_slots())
    copy.close()
    watcher.close()
    return Path(copy.path)


def test_only_what_is_new_is_copied(new_dump: Maker) -> None:
    w = new_dump()
    watcher, copy = open_watcher_writer(w.path), SyncCopy(w.path)
    assert copy.update(watcher.changed_slots()) == 2 * SUPERBLOCK_SIZE
    assert copy.update(watcher.changed_slots()) == 0
    w.event(EventKind.EPOCH_BEGIN, {"epoch": 1})
    assert 0 < copy.update(watcher.changed_slots()) < 100
    watcher.stderr(b"one ")
    copy.update(watcher.changed_slots())
    watcher.stderr(b"line")  # the same slot, longer
    assert 0 < copy.update(watcher.changed_slots()) < 100
    w.set_state(State.FINISHED)
    assert copy.update(watcher.changed_slots()) == SUPERBLOCK_SIZE
    copy.close()
    watcher.close()
    alone = read_dump(copy.path)
    assert (alone.stderr, alone.header.state) == (b"one line", "finished")
    assert [e.data for e in alone.events] == [{"epoch": 1}]
    assert alone.damage == []


@pytest.mark.parametrize("what", ["zeros", "gone", "zero tail", "empty"])
def test_after_a_power_cut_the_copy_carries_the_dump(
    full_dump: Path, what: str
) -> None:
    """The live mapping is never synced: its file may be all zeros afterwards."""
    whole = read_dump(full_dump)
    watcher, copy = open_watcher_writer(full_dump), SyncCopy(str(full_dump))
    copy.update(watcher.changed_slots())
    copy.close()
    watcher.close()
    data = full_dump.read_bytes()
    if what == "gone":
        full_dump.unlink()
    elif what == "empty":
        full_dump.write_bytes(b"")
    else:
        keep = 0 if what == "zeros" else len(data) // 2
        full_dump.write_bytes(data[:keep].ljust(len(data), b"\0"))
    found = read_dump(full_dump)
    for part in (
        "fine",
        "coarse",
        "events",
        "progress",
        "blobs",
        "certificate",
        "watch",
    ):
        assert getattr(found, part) == getattr(whole, part), part
    assert found.stderr == whole.stderr
    assert [n.where for n in found.damage] == (["file"] if what == "gone" else [])


def test_the_newer_slot_counts_whichever_file_has_it(new_dump: Maker) -> None:
    w = new_dump()
    w.blob("models", {"n": 1})
    w.blob("models", {"n": 2})
    sync = copied(w)
    w.blob("models", {"n": 3})
    assert read_dump(w.path).blobs["models"].data == {"n": 3}
    newer, older = Path(w.path).read_bytes(), sync.read_bytes()
    Path(w.path).write_bytes(older)
    sync.write_bytes(newer)
    dump = read_dump(w.path)
    assert dump.blobs["models"].data == {"n": 3}
    assert dump.older_blobs["models"].data == {"n": 2}
    w._open = False  # the file was replaced under its mapping


def test_a_torn_copy_costs_what_was_torn(full_dump: Path, tmp_path: Path) -> None:
    whole = read_dump(full_dump)
    data = bytearray(full_dump.read_bytes())
    fine = whole.header.sections[0]
    for index in (3, 4):
        begin = fine.offset + index * fine.slot_size + 40
        data[begin : begin + 100] = os.urandom(100)
    sync = Path(f"{full_dump}.sync")
    sync.write_bytes(data[: len(data) // 3])
    assert read_dump(full_dump).fine == whole.fine
    assert read_dump(full_dump).damage == []
    full_dump.unlink()
    found = read_dump(full_dump)
    assert [s.seq for s in found.fine] == [
        s.seq for s in whole.fine if s.seq not in (4, 5)
    ]
    assert any(n.where == "fine" for n in found.damage)


def test_a_copy_of_another_run_is_left_out(full_dump: Path, tmp_path: Path) -> None:
    other = create_dump(tmp_path / "o.bin", size=1 << 17, identity={"pid": 1})
    other.set_state(State.FINISHED)
    other.close()
    os.rename(other.path, f"{full_dump}.sync")
    dump = read_dump(full_dump)
    assert (dump.header.pid, dump.header.state) == (4711, "recording")
    assert [n.where for n in dump.damage] == ["sync"]


def test_what_already_lies_there_is_not_touched(
    new_dump: Maker, tmp_path: Path
) -> None:
    w = new_dump()
    target = tmp_path / "precious"
    target.write_text("precious")
    Path(f"{w.path}.sync").symlink_to(target)
    with pytest.raises(FileExistsError):
        SyncCopy(w.path)
    assert target.read_text() == "precious"


@pytest.mark.skipif(
    not os.path.exists("/dev/full"), reason="the system has no /dev/full"
)
def test_a_full_disk_ends_the_copying_and_says_why(new_dump: Maker) -> None:
    w = new_dump()
    watcher, copy = open_watcher_writer(w.path), SyncCopy(w.path)
    full = os.open("/dev/full", os.O_WRONLY)
    os.dup2(full, copy._fd)
    os.close(full)
    assert copy.update(watcher.changed_slots()) == 0
    assert "No space left" in copy.problem
    assert copy.update([(0, b"x")]) == 0
    watcher.close()


def test_a_clean_end_removes_it(new_dump: Maker) -> None:
    copy = SyncCopy(new_dump().path)
    copy.remove()
    copy.remove()
    assert not os.path.exists(copy.path)
