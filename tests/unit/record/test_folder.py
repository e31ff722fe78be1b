"""Where dumps go, what they are called, and which are deleted."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kerascrash.dump.layout import WORKER_SIZE
from kerascrash.dump.writer import create_dump
from kerascrash.record import folder as folder_module
from kerascrash.record.filesystem import _longest_match, is_memory, is_risky
from kerascrash.record.folder import (
    KEEP_DUMPS,
    candidate_folders,
    dump_name,
    list_dumps,
    prepare_folder,
    prune_folder,
    ring_folder,
    split_name,
)
from kerascrash.record.identity import is_running, read_start_ticks, short_name

MOUNTS = """\
22 1 254:0 / / rw,relatime - ext4 /dev/vda rw
30 22 0:26 / /dev/shm rw - tmpfs tmpfs rw
31 22 0:27 / /mnt/my\\040disk rw shared:1 - btrfs /dev/sdb rw
32 22 0:28 / /mnt rw - nfs4 server:/x rw
33 22 0:29 / /data rw - ext4 /dev/sdc rw
34 33 0:30 / /data rw - fuse.sshfs me@host rw
garbage
"""
DEAD_PID = 2**22 - 1


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/home/me", "ext4"),
        ("/dev/shm/x", "tmpfs"),
        ("/mnt/my disk/x", "btrfs"),
        ("/mnt/my diskette", "nfs4"),
        ("/mntx", "ext4"),
        ("/data/deep/er", "fuse.sshfs"),
    ],
)
def test_the_innermost_and_latest_mount_decides(path: str, kind: str) -> None:
    assert _longest_match(path, MOUNTS) == kind


def test_kinds_of_file_systems() -> None:
    assert is_memory("tmpfs")
    assert not is_memory("ext4")
    assert all(map(is_risky, ("overlay", "btrfs", "nfs4", "9p", "fuse.sshfs")))
    assert not any(map(is_risky, ("ext4", "xfs", "tmpfs", "")))


def test_names_tell_script_time_and_pid() -> None:
    name = dump_name("my-train", 4711)
    script, start, pid = split_name(name) or ("", "", 0)
    assert (script, pid, len(start)) == ("my-train", 4711, 15)
    assert split_name("notes.bin") is None
    assert split_name("a-b-c.bin") is None
    assert split_name(name + ".sync") is None


@pytest.mark.parametrize(
    ("script", "name"),
    [
        ("/home/me/train.py", "train"),
        ("/x/my model.v2.py", "my_model.v2"),
        ("-m pkg.train", "pkg.train"),
        ("-c", "command"),
        ("-", "interactive"),
        ("/x/..py", "py"),
        ("/x/" + "n" * 300 + ".py", "n" * 60),
    ],
)
def test_short_names(script: str, name: str) -> None:
    assert short_name(script) == name


def test_the_chosen_folder_comes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    chosen = candidate_folders("mine")
    assert chosen == [
        str(tmp_path / "mine"),
        str(tmp_path / "kerascrash-dumps"),
        str(tmp_path / "state" / "kerascrash"),
    ]


def test_a_prepared_folder_ignores_itself(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "dumps"
    prepare_folder(str(folder))
    prepare_folder(str(folder))
    assert (folder / ".gitignore").read_text() == "*\n"


def make_dumps(folder: Path, count: int, size: int, pid: int = DEAD_PID) -> list[str]:
    names = [f"train-20260101T{i:06d}-{pid}.bin" for i in range(count)]
    for name in names:
        with (folder / name).open("wb") as out:
            out.truncate(size)
        (folder / (name + ".sync")).touch()
    return names


def test_only_the_newest_are_kept(tmp_path: Path) -> None:
    names = make_dumps(tmp_path, KEEP_DUMPS + 5, 10)
    (tmp_path / "other.bin").touch()
    prune_folder(str(tmp_path))
    assert [name for name, _, _ in list_dumps(str(tmp_path))] == names[5:]
    assert len(list(tmp_path.glob("*.sync"))) == KEEP_DUMPS
    assert (tmp_path / "other.bin").exists()


def test_bytes_are_bounded_too(tmp_path: Path) -> None:
    names = make_dumps(tmp_path, 5, 90 << 20)
    prune_folder(str(tmp_path))
    assert [name for name, _, _ in list_dumps(str(tmp_path))] == names[3:]


def test_a_dump_of_a_live_process_is_never_deleted(tmp_path: Path) -> None:
    names = make_dumps(tmp_path, KEEP_DUMPS + 5, 10, pid=os.getpid())
    prune_folder(str(tmp_path))
    assert len(list_dumps(str(tmp_path))) == len(names)


def test_a_ring_leaves_a_risky_folder_only_with_a_watcher(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    local = tmp_path / "local"
    local.mkdir()
    monkeypatch.setenv("TMPDIR", str(local))
    kinds = {str(tmp_path / "net"): "nfs4", str(local): "ext4"}
    monkeypatch.setattr(
        folder_module, "filesystem_of", lambda path: kinds.get(path, "")
    )
    net = str(tmp_path / "net")
    assert ring_folder(net, copied_later=False) == net
    moved = ring_folder(net, copied_later=True)
    assert moved == str(local / f"kerascrash-{os.getuid()}")
    assert os.stat(moved).st_mode & 0o777 == 0o700
    kinds[net] = "ext4"
    assert ring_folder(net, copied_later=True) == net


def test_a_folder_that_others_could_fill_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    private = tmp_path / f"kerascrash-{os.getuid()}"
    private.mkdir()
    private.chmod(0o777)
    kinds = {"/net": "nfs4", str(tmp_path): "ext4"}
    monkeypatch.setattr(
        folder_module, "filesystem_of", lambda path: kinds.get(path, "")
    )
    assert ring_folder("/net", copied_later=True) == "/net"


def test_a_process_is_told_from_a_later_one_of_its_number() -> None:
    ticks = read_start_ticks(os.getpid())
    assert ticks > 0
    assert is_running(os.getpid(), ticks)
    assert not is_running(os.getpid(), ticks + 1)
    assert not is_running(DEAD_PID)
    assert not is_running(0)


def test_rings_of_workers_stay_with_their_parents_dump(tmp_path: Path) -> None:
    """More workers than dumps are kept must not push out the dump they belong to."""
    parent = tmp_path / f"train-20260101T000000-{DEAD_PID}.bin"
    create_dump(str(parent), identity={"pid": DEAD_PID}).close()
    for number in range(KEEP_DUMPS + 5):
        about = {"pid": DEAD_PID, "worker": True, "parent_dump": str(parent)}
        ring = tmp_path / f"worker-20260101T{number:06d}-{DEAD_PID}.bin"
        create_dump(str(ring), size=WORKER_SIZE, identity=about).close()
    prune_folder(str(tmp_path))
    assert len(list_dumps(str(tmp_path))) == KEEP_DUMPS + 6
    parent.unlink()
    prune_folder(str(tmp_path))
    assert list_dumps(str(tmp_path)) == []
