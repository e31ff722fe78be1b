"""``kerascrash explain`` as a person uses it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
CASES = ROOT.parent / "shared" / "cases"
SCORE = ROOT.parent / "shared" / "tools" / "score_cases.py"


def run(*args: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "kerascrash", "explain", *args],
        input=stdin,
        capture_output=True,
        cwd=ROOT,
        timeout=120,
        check=False,
    )


def explain(*args: str, stdin: bytes = b"") -> dict[str, Any]:
    done = run(*args, "--format", "json", stdin=stdin)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_bare_killed_cannot_tell_host_from_container() -> None:
    report = explain("--exit", "137")
    assert report["verdict"]["cause"] == "host_oom_global"
    assert report["verdict"]["confidence"] < 0.75
    assert report["hypotheses"][1]["id"] == "host_oom_cgroup"


def test_pasted_text_of_unknown_kind_is_sorted_out() -> None:
    text = (
        b"Epoch 1/5\n 3/9 [==>..] - ETA: 3s\rKilled\n"
        b"[ 10.1] Memory cgroup out of memory: Killed process 9 (python) "
        b"total-vm:9kB, anon-rss:9kB, file-rss:0kB\n"
    )
    report = explain(stdin=text)
    assert report["verdict"]["cause"] == "host_oom_cgroup"
    assert {log["kind"] for log in report["logs"]} == {"stderr", "kernel"}


def test_windows_is_told_from_the_status() -> None:
    report = explain("--exit=-1073740791", "--platform", "windows")
    cause = report["verdict"]["cause"]
    assert cause == "windows_missing_dll_or_stack_buffer_overrun"


def test_nothing_at_all_is_unknown() -> None:
    assert explain()["verdict"]["cause"] == "unknown"


@pytest.mark.parametrize(
    "rubbish",
    [
        os.urandom(300_000),
        b"\x00" * 100_000,
        b"a" * 10_000_000 + b"Killed",
        b"\xff\xfe" + "Killed\n".encode("utf-16-le"),
        b"\x1f\x8b\x08not gzip at all",
        b"\x1b]0;owned\x07\x1b[2J\x1b[31mKilled\x1b[0m\n",
        "\u202eKilled\u2028<script>alert(1)</script>\n".encode(),
        b"\r" * 100_000 + b"Killed",
        b"(" * 20_000 + b"\n" + b"[" * 20_000,
    ],
    ids=["random", "zeros", "long", "utf16", "gzip", "escapes", "bidi", "cr", "nested"],
)
def test_hostile_text_does_no_harm(rubbish: bytes, tmp_path: Path) -> None:
    log = tmp_path / "train.err"
    log.write_bytes(rubbish)
    done = run("--stderr", str(log))
    assert done.returncode == 0, done.stderr
    assert b"\x1b" not in done.stdout
    assert "\u202e".encode() not in done.stdout
    report = explain("--stderr", str(log))
    assert report["faults"] == []


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (("--stderr", "/no/such/file"), 6),
        (("--exit", "what"), 2),
        (("--log", "-", "--stderr", "-"), 2),
        (("--format", "pdf"), 2),
    ],
)
def test_errors_are_one_line_and_a_code(args: tuple[str, ...], code: int) -> None:
    done = run(*args)
    assert done.returncode == code
    assert done.stderr.count(b"\n") == 1


def test_the_shared_cases_are_named_and_the_confidence_is_honest() -> None:
    if not SCORE.exists():
        pytest.skip("the shared cases are not in this checkout")
    done = subprocess.run(
        [sys.executable, str(SCORE), "--cases", str(CASES)],
        capture_output=True,
        text=True,
        timeout=600,
        check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    last = done.stdout.strip().splitlines()[-1].split()
    score = {last[i]: float(last[i + 1]) for i in range(0, len(last), 2)}
    assert score["top-1"] >= 0.85
    assert score["top-3"] >= 0.95
    assert score["ece"] <= 0.08
    assert score["brier"] <= 0.12
    assert "errors 0," in done.stdout


def test_redacting_takes_out_who_and_keeps_the_verdict(tmp_path: Path) -> None:
    text = "user=marlene password=Marzipan-5\nMarzipan-5 /home/marlene/x.py\nKilled\n"
    (tmp_path / "e.log").write_text(text, encoding="utf-8")
    options = ["--exit", "137", "--stderr", str(tmp_path / "e.log")]
    plain, shown = explain(*options), explain(*options, "--redact")
    for key in ("cause", "confidence", "factor"):
        assert plain["verdict"][key] == shown["verdict"][key]
    assert "arlene" not in json.dumps(shown)
    assert "Marzipan" not in json.dumps(shown)
    assert {row["kind"] for row in shown["redaction"]["replaced"]} >= {"secret", "user"}
