"""Bundles: the same bytes for the same input, and hostile ones read back."""

from __future__ import annotations

import gzip
import io
import json
import os
import resource
import stat
import struct
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from kerascrash.cli import group, main
from kerascrash.dump.bundle import Bundle
from kerascrash.dump.layout import SMALLEST_SIZE
from kerascrash.dump.reader import read_dump
from kerascrash.dump.writer import create_dump
from kerascrash.errors import NotADump, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

SAMPLES = Path(__file__).resolve().parents[3] / "sample_dumps"
LEAK = SAMPLES / "list_leak_cgroup/dump.bin.gz"


def run(*arguments: object) -> str:
    done = CliRunner().invoke(
        group,
        [str(a) for a in arguments],
        standalone_mode=False,
        catch_exceptions=False,
    )
    return done.output


def report(path: Path, *options: object) -> dict[str, Any]:
    written: dict[str, Any] = json.loads(
        run("report", path, "--format", "json", *options)
    )
    return written


def small_dump(path: Path, **identity: object) -> Path:
    writer = create_dump(path, size=SMALLEST_SIZE, identity=identity)
    writer.sample({"rss": 1 << 28})
    writer.close()
    return path


@pytest.fixture
def logs(tmp_path: Path) -> list[str]:
    """Return options that name logs: one of many lines, with a gap."""
    kernel = tmp_path / "k.log"
    rows = [f"[{n}.000001] eth0: line {n}" for n in range(3000)]
    rows[2500] = "[2500.000001] python[77]: segfault at 0 ip 00 sp 00 error 4 in x.so"
    kernel.write_text("\n".join(rows), encoding="utf-8")
    stderr = tmp_path / "e.log"
    stderr.write_text(
        "one\n\n\nfour\nprogress 1\rprogress 2\nKilled\n", encoding="utf-8"
    )
    return ["--kernel-log", str(kernel), "--stderr", str(stderr)]


@pytest.mark.parametrize("options", [[], ["--redact"]])
def test_it_is_the_same_to_the_byte(
    options: list[str], tmp_path: Path, logs: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = tmp_path / "a.zip", tmp_path / "b.zip"
    run("report", LEAK, *logs, *options, "--bundle", first)
    monkeypatch.setattr(time, "time", lambda: 0.0)
    run("report", LEAK, *logs, *options, "--bundle", second)
    assert first.read_bytes() == second.read_bytes()
    assert stat.S_IMODE(first.stat().st_mode) == 0o600
    with zipfile.ZipFile(first) as bundle:
        names = bundle.namelist()
        manifest = json.loads(bundle.read("manifest.json"))
        assert {"dump.bin.gz", "report.html", "report.json"} < set(names)
        assert [m["name"] for m in manifest["members"]] == names[1:]
        assert b"<!DOCTYPE html>" in bundle.read("report.html")


@pytest.mark.parametrize("options", [[], ["--redact"], ["--redact-names"]])
def test_read_back_it_tells_the_same(
    options: list[str], tmp_path: Path, logs: list[str]
) -> None:
    bundle = tmp_path / "a.zip"
    run("report", LEAK, *logs, *options, "--bundle", bundle)
    with zipfile.ZipFile(bundle) as archive:
        inside = json.loads(archive.read("report.json"))
    again = report(bundle)
    for each in (inside, again):
        each["process"].pop("dump")
        each["process"].pop("same_boot")  # nobody can tell of a redacted dump
    same = ["logs", "process", "exit", "damage", "certificate", "timeline", "redaction"]
    if options != ["--redact-names"]:
        same += [
            "verdict",
            "progress",
            "evidence",
            "inventory",
            "stacks",
            "unavailable",
        ]
    for key in same:
        assert again[key] == inside[key], key


def test_a_status_that_was_given_is_kept(tmp_path: Path) -> None:
    dump = small_dump(tmp_path / "d.bin", pid=4_000_000)
    run("report", dump, "--exit", "SIGKILL", "--bundle", tmp_path / "a.zip")
    assert report(tmp_path / "a.zip")["exit"]["signal"] == 9


def test_a_bundle_can_be_redacted_later(tmp_path: Path, logs: list[str]) -> None:
    run("report", LEAK, *logs, "--bundle", tmp_path / "open.zip")
    run("report", tmp_path / "open.zip", "--redact", "--bundle", tmp_path / "safe.zip")
    run("report", LEAK, *logs, "--redact", "--bundle", tmp_path / "once.zip")
    later, once = report(tmp_path / "safe.zip"), report(tmp_path / "once.zip")
    assert later["verdict"] == once["verdict"]
    assert b"/srv/training" not in gzip.decompress(
        zipfile.ZipFile(tmp_path / "safe.zip").read("dump.bin.gz")
    )


def test_children_come_along(tmp_path: Path) -> None:
    small_dump(tmp_path / "main.bin", pid=4_000_006)
    parent = {"worker": True, "parent_dump": str(tmp_path / "main.bin")}
    small_dump(tmp_path / "kid.bin", pid=4_000_007, **parent)
    for options in ([], ["--redact"]):
        run("report", tmp_path / "main.bin", *options, "--bundle", tmp_path / "a.zip")
        (tmp_path / "elsewhere").mkdir(exist_ok=True)
        moved = (tmp_path / "a.zip").rename(tmp_path / "elsewhere" / "a.zip")
        assert [c["pid"] for c in report(moved)["children"]] == [4_000_007]
        run("report", moved, "--redact", "--bundle", tmp_path / "elsewhere" / "b.zip")
        again = report(tmp_path / "elsewhere" / "b.zip")
        assert [c["pid"] for c in again["children"]] == [4_000_007]


def test_what_makes_no_sense_is_refused(tmp_path: Path) -> None:
    for options in (["-o", "x.html"], ["--open"]):
        with pytest.raises(UsageError):
            run("report", LEAK, "--bundle", tmp_path / "a.zip", *options)


def write(path: Path, members: dict[str, bytes], method: int = 8) -> None:
    with zipfile.ZipFile(path, "w", method) as bundle:
        for name, data in members.items():
            bundle.writestr(name, data)


def bomb(path: Path) -> None:
    write(path, {"dump.bin.gz": gzip.compress(gzip.compress(bytes(300 << 20)))})


def flat_bomb(path: Path) -> None:
    write(path, {"dump.bin": bytes(400 << 20)})


def many_members(path: Path) -> None:
    write(path, {f"{n}.bin": b"" for n in range(30_000)}, 0)


def nested(path: Path) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as bundle:
        bundle.writestr("dump.bin", b"x")
    write(path, {"dump.bin": inner.getvalue(), "inner.zip": inner.getvalue()})


def climbing(path: Path) -> None:
    write(path, {"../../../../etc/passwd.bin": b"x", "/etc/shadow.bin": b"y"})


def linked(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as bundle:
        link = zipfile.ZipInfo("dump.bin")
        link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
        bundle.writestr(link, "/etc/passwd")


def lzma_packed(path: Path) -> None:
    write(path, {"dump.bin": bytes(1 << 20)}, zipfile.ZIP_LZMA)


def encrypted(path: Path) -> None:
    write(path, {"dump.bin": b"x" * 100})
    data = bytearray(path.read_bytes())
    for magic, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.find(magic) + at] |= 1
    path.write_bytes(data)


def overlapping(path: Path) -> None:
    """All entries of the directory name the same bytes."""
    write(path, {"a.bin": bytes(10 << 20)})
    data = path.read_bytes()
    begin, end = data.find(b"PK\x01\x02"), data.rfind(b"PK\x05\x06")
    entry, last = data[begin:end], bytearray(data[end:])
    last[8:12] = (500).to_bytes(2, "little") * 2
    last[12:16] = (500 * len(entry)).to_bytes(4, "little")
    path.write_bytes(data[:begin] + entry * 500 + bytes(last))


def sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.write(b"PK\x03\x04")
        file.truncate(8 << 30)


def lying_manifest(path: Path) -> None:
    rows = [
        {"member": name, "kind": kind, "total_lines": "many", "complete": 7}
        for name in ("logs/x", "../../etc/passwd", "dump.bin", "logs/../../x", 7)
        for kind in ("stderr", "none", None, ["kernel"])
    ]
    manifest = {"schema": "kerascrash.bundle/1", "logs": rows, "known": [1]}
    members = {
        "manifest.json": json.dumps({**manifest, "redaction": 7}).encode(),
        "dump.bin": b"x",
        "logs/x": b"a\nb\n",
        "logs/x.json": b'{"numbers": [[0, 1e99], [3], [5, 123456789012]], "times": {}}',
        "traces.json": b'{"traces": [{"type": "trace"}, 7]}',
    }
    write(path, members)


HOSTILE: list[Callable[[Path], None]] = [
    bomb, flat_bomb, many_members, nested, climbing, linked, lzma_packed, encrypted,
    overlapping, sparse, lying_manifest,
]  # fmt: skip


@pytest.mark.timeout(60)
@pytest.mark.parametrize("make", HOSTILE, ids=lambda make: make.__name__)
def test_a_hostile_bundle_is_refused_in_one_line(
    make: Callable[[Path], None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "sent.zip"
    make(path)
    before = sorted(os.listdir(tmp_path))
    begin = time.monotonic()
    with pytest.raises(SystemExit) as caught:
        main(["report", str(path), "--format", "json"])
    assert caught.value.code == 3
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert said.err.startswith("kerascrash: error: ")
    assert time.monotonic() - begin < 20
    assert sorted(os.listdir(tmp_path)) == before


def test_lies_in_a_manifest_cost_the_lies_alone(tmp_path: Path) -> None:
    lying_manifest(tmp_path / "a.zip")
    with zipfile.ZipFile(tmp_path / "a.zip") as bundle:
        members = {name: bundle.read(name) for name in bundle.namelist()}
    write(
        tmp_path / "b.zip", {**members, "dump.bin": gzip.decompress(LEAK.read_bytes())}
    )
    found = report(tmp_path / "b.zip")
    assert found["verdict"]["cause"] == "host_oom_cgroup"
    sources = [log["source"] for log in found["logs"]]
    assert "logs/x" in sources
    assert not any("passwd" in source for source in sources)


def test_reading_a_bomb_stays_small(tmp_path: Path) -> None:
    flat_bomb(tmp_path / "a.zip")
    script = (
        "import resource, sys\n"
        "from kerascrash.dump.reader import read_dump\n"
        "from kerascrash.errors import NotADump\n"
        "try: read_dump(sys.argv[1])\n"
        "except NotADump: print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "a.zip")],
        capture_output=True, text=True, check=True, timeout=60,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30)),
    )  # fmt: skip
    assert int(done.stdout) < 600 << 10


def test_the_least_nested_dump_is_read(tmp_path: Path) -> None:
    data = gzip.decompress(LEAK.read_bytes())
    write(tmp_path / "a.zip", {"artifact/z.bin": data, "a/b/c/a.bin": b"no"})
    assert read_dump(tmp_path / "a.zip").fine


def test_an_end_record_behind_which_another_counts_is_refused(tmp_path: Path) -> None:
    """zipfile believes the zip64 record, however few members the last one claims."""
    path = tmp_path / "a.zip"
    row = struct.pack(
        "<4s4B4HL2L5H2L",
        *(b"PK\x01\x02", 20, 3, 20, 0, 0, 0, 0, 33, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0),
    )
    rows = b"".join(row + b"%08d" % number for number in range(30_000))
    head = b"PK\x03\x04" + bytes(26)
    ends = (
        struct.pack(
            "<4sQ2H2L4Q",
            *(b"PK\x06\x06", 44, 45, 45, 0, 0, 30_000, 30_000, len(rows), len(head)),
        ),
        struct.pack("<4sLQL", b"PK\x06\x07", 0, len(head) + len(rows), 1),
        struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 5, 5, 270, len(head), 0),
    )
    path.write_bytes(b"".join((head, rows, *ends)))
    with zipfile.ZipFile(path) as believed:
        assert len(believed.infolist()) == 30_000
    with pytest.raises(NotADump, match="zip64"):
        read_dump(path)


def test_an_end_record_that_lies_is_found_wherever_it_stands(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    write(path, {"dump.bin": b"x"})
    data = path.read_bytes()
    end = bytearray(data[data.rfind(b"PK\x05\x06") :])
    end[10:12] = (60_000).to_bytes(2, "little")
    path.write_bytes(data + bytes(end))
    with path.open("rb") as file, pytest.raises(NotADump):
        Bundle(str(path), file)
