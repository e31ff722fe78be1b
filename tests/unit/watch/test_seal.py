"""The end of a dump: moved to its folder, trimmed, or removed with all it left."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from kerascrash.dump.reader import read_dump
from kerascrash.dump.watcher_writer import open_watcher_writer
from kerascrash.dump.writer import create_dump
from kerascrash.watch.exit_status import ExitStatus, read_start_ticks
from kerascrash.watch.observer import Observer
from kerascrash.watch.seal import discard, seal

KILLED = ExitStatus(9, "parent")


def observe(folder: Path, **identity: Any) -> Observer:
    """Observe ourselves, in a dump of ours."""
    pid = os.getpid()
    about = {"pid": pid, "start_ticks": read_start_ticks(pid), **identity}
    create_dump(folder / "ring.bin", size=256 << 10, identity=about).close()
    observer = Observer(open_watcher_writer(folder / "ring.bin"))
    observer.step()
    return observer


def test_a_local_ring_is_put_where_its_link_stood(tmp_path: Path) -> None:
    final = tmp_path / "dumps" / "final.bin"
    final.parent.mkdir()
    final.symlink_to(tmp_path / "ring.bin")
    observer = observe(tmp_path, final_path=str(final))
    assert seal(observer, KILLED, observer.writer.now_ns()) == str(final)
    observer.close()
    assert not final.is_symlink()
    assert [p.name for p in tmp_path.iterdir()] == ["dumps"]
    certificate = read_dump(str(final)).certificate
    assert certificate is not None
    assert certificate["exit"]["signal"] == 9


def test_where_that_folder_is_gone_the_ring_stays(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    observer = observe(tmp_path, final_path=str(tmp_path / "taken" / "final.bin"))
    path = seal(observer, KILLED, observer.writer.now_ns())
    observer.close()
    assert path == str(tmp_path / "ring.bin")
    assert read_dump(path).certificate is not None


def test_a_clean_end_removes_ring_copy_and_link(tmp_path: Path) -> None:
    final = tmp_path / "final.bin"
    final.symlink_to(tmp_path / "ring.bin")
    observer = observe(tmp_path, final_path=str(final))
    assert (tmp_path / "ring.bin.sync").exists()
    discard(observer)
    observer.close()
    assert list(tmp_path.iterdir()) == []


def test_a_certificate_too_big_loses_its_oldest_kernel_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    observer = observe(tmp_path)
    noise = [{"time": i, "text": os.urandom(400).hex()} for i in range(600)]
    kernel = {"readable": True, "source": "x", "reason": "", "lines": noise}
    monkeypatch.setattr(observer.kernel, "report", lambda death: dict(kernel))
    seal(observer, KILLED, observer.writer.now_ns())
    observer.close()
    certificate = read_dump(str(tmp_path / "ring.bin")).certificate
    assert certificate is not None
    assert certificate["kernel"]["trimmed"] is True
    kept = certificate["kernel"]["lines"]
    assert kept == noise[len(noise) - len(kept) :]
    assert kept
