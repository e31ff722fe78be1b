"""report, list and verdict on a dump that was really written."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import time
import zlib
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner, Result

from kerascrash.cli import group
from kerascrash.cli.dumps import newest_dump, read_folder
from kerascrash.dump.layout import SMALLEST_SIZE, SUPERBLOCK, SUPERBLOCK_SIZE
from kerascrash.dump.records import EventKind, State
from kerascrash.dump.watcher_writer import open_watcher_writer
from kerascrash.dump.writer import create_dump
from kerascrash.errors import NoDumpFound, SourceError, VersionTooNew
from kerascrash.record.identity import read_boot_id

if TYPE_CHECKING:
    from pathlib import Path

KILLED = {
    "version": 1,
    "exit": {
        "status": 9,
        "code": None,
        "signal": 9,
        "core": False,
        "known_by": "pidfd",
    },
}
GONE = 2**22 + 5
"""A process id beyond what Linux gives out: nobody has it."""


def write_dump(path: Path, *, pid: int = GONE, **identity: Any) -> Path:
    """Write a small dump of a process that was killed in its fit."""
    who = {"pid": pid, "script": "train.py", "comm": "python",
           "boot_id": read_boot_id(), "start_ticks": 1, **identity}  # fmt: skip
    writer = create_dump(path, size=SMALLEST_SIZE, identity=who)
    writer.event(EventKind.STAGE_BEGIN, {"stage": "fit", "where": None})
    for step in range(5):
        writer.sample({"rss": (step + 1) << 28, "cgroup_limit": 8 << 30, "step": step})
        time.sleep(0.002)
    watcher = open_watcher_writer(path)
    watcher.certificate({**KILLED, "sealed": time.time()})
    watcher.set_state(State.SEALED)
    watcher.close()
    writer.close()
    return path


def run(*arguments: object) -> Result:
    return CliRunner().invoke(
        group,
        [str(a) for a in arguments],
        standalone_mode=False,
        catch_exceptions=False,
    )


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of dumps of the folder that the test stands in."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("KERASCRASH_DIR", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    dumps = tmp_path / "kerascrash-dumps"
    dumps.mkdir()
    return dumps


def test_without_a_dump_the_newest_is_reported_beside_itself(folder: Path) -> None:
    old = write_dump(folder / "old.bin")
    os.utime(old, (1, 1))
    write_dump(folder / "new.bin")
    result = run("report")
    assert result.output.strip() == str(folder / "new.html")
    page = (folder / "new.html").read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>")
    assert "train.py" in page


def test_a_worker_and_a_living_process_come_after_the_dead(folder: Path) -> None:
    dead = write_dump(folder / "dead.bin")
    os.utime(dead, (1, 1))
    write_dump(folder / "worker.bin", worker=True)
    alive = write_dump(folder / "alive.bin", pid=os.getpid(), start_ticks=0)
    assert newest_dump([str(folder)]) == str(dead)
    dead.unlink()
    assert newest_dump([str(folder)]) == str(alive)


@pytest.mark.parametrize("name", ["json", "md", "text"])
def test_the_other_formats_go_to_standard_output(folder: Path, name: str) -> None:
    dump = write_dump(folder / "a.bin")
    before = sorted(os.listdir(folder))
    output = run("report", dump, "--format", name).output
    assert sorted(os.listdir(folder)) == before
    if name == "json":
        written = json.loads(output)
        assert written["process"]["script"] == "train.py"
        assert written["exit"]["signal"] == 9
        assert len(written["timeline"]["series"]["rss"]) == 5
    else:
        assert "train.py" in output
        assert "\x1b" not in output


def test_the_output_goes_where_it_is_told(folder: Path) -> None:
    dump = write_dump(folder / "a.bin")
    run("report", dump, "-o", folder / "x.html")
    assert (folder / "x.html").stat().st_size > 10_000
    assert run("report", dump, "-o", "-").output.startswith("<!DOCTYPE html>")
    assert not (folder / "a.html").exists()


@pytest.mark.parametrize("target", ["/dev/full", "absent/x.html", "."])
def test_an_output_that_cannot_be_written_is_told_with_what_to_do(
    folder: Path, target: str
) -> None:
    dump = write_dump(folder / "a.bin")
    with pytest.raises(SourceError, match=r"-o|name a file"):
        run("report", dump, "-o", target)


def test_a_log_that_is_not_there_is_told(folder: Path) -> None:
    dump = write_dump(folder / "a.bin")
    with pytest.raises(SourceError, match=r"absent\.log"):
        run("report", dump, "--kernel-log", "absent.log")


def test_a_folder_a_packed_dump_and_several_dumps_are_read(folder: Path) -> None:
    main = write_dump(folder / "main.bin")
    packed = folder / "packed.bin.gz"
    packed.write_bytes(gzip.compress(main.read_bytes()))
    worker = write_dump(folder / "w.bin", worker=True, pid=GONE + 1)
    assert run("report", folder, "--format", "json").exit_code == 0
    one = json.loads(run("report", packed, "--format", "json").output)
    assert one["process"]["pid"] == GONE
    both = json.loads(run("report", worker, main, "--format", "json").output)
    assert both["process"]["pid"] == GONE
    assert [child["pid"] for child in both["children"]] == [GONE + 1]


def test_what_is_given_besides_is_used(folder: Path) -> None:
    dump = write_dump(folder / "a.bin")
    log = folder / "train.err"
    log.write_text("Traceback (most recent call last):\nValueError: no\n")
    command = ("report", dump, "--format", "json", "--stderr", log, "--exit", "SIGSEGV")
    written = json.loads(run(*command).output)
    assert written["exit"]["signal"] == 11
    assert any(entry["source"].endswith("train.err") for entry in written["logs"])


def test_a_trace_is_admitted_to_be_unread(folder: Path) -> None:
    dump = write_dump(folder / "a.bin")
    written = json.loads(run("report", dump, "--format", "json", "--trace", "t").output)
    assert "profiler trace t" in [gone["what"] for gone in written["unavailable"]]


def test_list_tells_each_dump_and_survives_a_broken_one(folder: Path) -> None:
    write_dump(folder / "a.bin")
    write_dump(folder / "b.bin", pid=os.getpid(), start_ticks=0)
    (folder / "c.bin").write_bytes(b"no dump")
    half = folder / "d.bin"
    shutil.copy(folder / "a.bin", half)
    os.truncate(half, SMALLEST_SIZE // 3)
    text = run("list").output
    assert "a.bin" in text
    assert "still running" in text
    assert "c.bin" not in text
    rows = json.loads(run("list", folder, "--format", "json").output)["dumps"]
    by_name = {os.path.basename(row["path"]): row for row in rows}
    assert set(by_name) == {"a.bin", "b.bin", "d.bin"}
    assert by_name["a.bin"]["verdict"]
    assert by_name["b.bin"]["running"] is True
    assert by_name["b.bin"]["verdict"] is None


def test_a_report_on_a_running_process_says_that_it_runs(folder: Path) -> None:
    alive = write_dump(folder / "alive.bin", pid=os.getpid(), start_ticks=0)
    said = run("report", alive, "--format", "json").stderr
    assert f"process {os.getpid()} is still running" in said
    dead = write_dump(folder / "dead.bin")
    assert "running" not in run("report", dead, "--format", "json").stderr


def test_list_groups_equal_deaths(folder: Path) -> None:
    for name in ("a.bin", "b.bin"):
        write_dump(folder / name)
    other = write_dump(folder / "other.bin")
    watcher = open_watcher_writer(other)
    died = {**KILLED["exit"], "status": 11, "signal": 11}
    watcher.certificate({**KILLED, "exit": died, "sealed": time.time()})
    watcher.close()
    write_dump(folder / "alive.bin", pid=os.getpid(), start_ticks=0)
    listed = json.loads(run("list", folder, "--format", "json").output)
    twice, once = listed["groups"]
    assert twice["count"] == 2
    assert {os.path.basename(path) for path in twice["paths"]} == {"a.bin", "b.bin"}
    assert [os.path.basename(path) for path in once["paths"]] == ["other.bin"]
    assert once["text"].startswith("native_segfault")
    text = run("list", folder, "--group").output
    assert f"{twice['signature']}  2 times  {twice['text']}" in text
    assert text.index("a.bin") < text.index("other.bin") < text.index("alive.bin")
    assert "still running" in text


def test_the_verdict_is_at_most_three_lines(folder: Path) -> None:
    dump = write_dump(folder / "a.bin")
    lines = run("verdict", dump).output.splitlines()
    assert 2 <= len(lines) <= 3
    assert lines[0].startswith("kerascrash: ")
    assert lines[-1] == f"  Full report: kerascrash report {dump}"


def test_a_folder_with_nothing_in_it_has_no_newest(folder: Path) -> None:
    assert read_folder(str(folder)) == []
    with pytest.raises(NoDumpFound, match="no dump"):
        newest_dump([str(folder)])


def test_a_dump_of_a_later_version_is_listed_and_refused_by_name(folder: Path) -> None:
    """Passed over, an older dump would be taken for the newest."""
    write_dump(folder / "old-20261123T104444-1.bin")
    later = write_dump(folder / "new-20261123T104455-2.bin")
    data = bytearray(later.read_bytes())
    for which in (0, 1):
        begin = which * SUPERBLOCK_SIZE
        magic, _, _, size, generation, _ = SUPERBLOCK.unpack_from(data, begin)
        text = data[begin + SUPERBLOCK.size :][:size]
        fixed = (magic, 9, 9, size, generation)
        crc = zlib.crc32(text, zlib.crc32(SUPERBLOCK.pack(*fixed, 0)))
        data[begin : begin + SUPERBLOCK.size] = SUPERBLOCK.pack(*fixed, crc)
    later.write_bytes(data)
    listed = run("list", folder).output
    assert "format version 9" in listed
    assert "old-20261123T104444-1.bin" in listed
    with pytest.raises(VersionTooNew, match="format version 9"):
        run("report", folder, "--format", "text")
