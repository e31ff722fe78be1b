"""`kerascrash show` prints what is in a dump, and obeys nothing that is in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from kerascrash.cli.verbs.show import COMMAND, SECTIONS
from kerascrash.dump.layout import SMALLEST_SIZE
from kerascrash.dump.records import EventKind
from kerascrash.dump.watcher_writer import open_watcher_writer
from kerascrash.dump.writer import create_dump
from kerascrash.errors import NotADump

HOSTILE = "\x1b]0;owned\x07\x1b[2Jevil\u202e\udc80.py\r"


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    """Return a dump in which every text tries to take over the terminal."""
    path = tmp_path / "d.bin"
    who = {"pid": 4711, "script": HOSTILE, "comm": "python"}
    writer = create_dump(path, size=SMALLEST_SIZE, identity=who)
    writer.sample({"rss": 3 << 30, "step": 7})
    for i in range(30):
        writer.event(EventKind.WARNING, {"text": f"{i}", HOSTILE: HOSTILE})
    writer.progress(5, 2, 300, 20, 140, 32, 2_000_000)
    writer.blob("models", {"models": [{"name": HOSTILE}]})
    watcher = open_watcher_writer(path)
    watcher.stderr(f"{HOSTILE}\nAborted\n".encode("utf-8", "surrogateescape"))
    watcher.certificate({"version": 1, "daemons": [HOSTILE]})
    watcher.close()
    writer.close()
    return path


def show(*argv: object) -> Result:
    return CliRunner().invoke(COMMAND, [str(a) for a in argv])


def test_the_text_tells_who_what_and_when(dump: Path) -> None:
    result = show(dump, "--events", 3)
    assert result.exit_code == 0, result.output
    for text in (
        "pid: 4711", "damage: none", "rss 3.0 GiB", "step 7",
        "fit epoch 2 step 300 (20 of 140), batch 32, 2.0 ms",
        'warning  {"text": "29"', "blob models", "certificate: sealed",
    ):  # fmt: skip
        assert text in result.output
    assert result.output.count("  warning  ") == 3


@pytest.mark.parametrize("section", [None, *sorted(SECTIONS)])
@pytest.mark.parametrize("format_", ["text", "json"])
def test_nothing_in_a_dump_reaches_the_terminal(
    dump: Path, section: str | None, format_: str
) -> None:
    only = ("--section", section) if section else ()
    result = show(dump, "--format", format_, *only)
    assert result.exit_code == 0, result.output
    assert not set("\x1b\x07\r\u202e") & set(result.output)


@pytest.mark.parametrize("section", [None, *sorted(SECTIONS)])
def test_json_is_json_and_a_section_is_its_part(
    dump: Path, section: str | None
) -> None:
    whole: dict[str, Any] = json.loads(show(dump, "--format", "json").output)
    if section is None:
        assert whole["header"]["pid"] == 4711
        assert whole["events"][-1]["kind"] == "warning"
        assert whole["progress"][0]["stage"] == "fit"
        assert abs(whole["fine"][0]["time"] - dump.stat().st_mtime) < 60
        assert whole["fine"][0]["values"] == {"rss": 3 << 30, "step": 7}
        return
    part = json.loads(show(dump, "--format", "json", "--section", section).output)
    expected = whole[section] if section in whole else whole["blobs"].get(section)
    assert part == expected


def test_damage_is_shown(dump: Path) -> None:
    dump.write_bytes(dump.read_bytes()[:60_000])
    assert "the file ends after" in show(dump).output


def test_what_is_no_dump_is_the_groups_to_report(tmp_path: Path) -> None:
    assert isinstance(show(tmp_path / "nothing").exception, NotADump)


def test_a_section_that_is_none_is_wrong_usage(dump: Path) -> None:
    assert show(dump, "--section", "hologram").exit_code == 2
