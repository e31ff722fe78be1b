"""The frame of the command line: one line for every error, and nothing heavy loaded."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import kerascrash
from kerascrash.cli import VerbGroup, group

ROOT = Path(kerascrash.__file__).parents[1]
VERBS = VerbGroup().list_commands(None)  # type: ignore[arg-type]
HEAVY = [
    "jinja2", "rich", "elftools", "google.protobuf", "psutil", "pynvml", "numpy",
    "kerascrash.diagnose", "kerascrash.collect", "kerascrash.report.html",
]  # fmt: skip


def run(
    *arguments: str, cwd: Path | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "kerascrash", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "100", **environment},
        check=False,
    )


def test_every_verb_is_a_file_with_a_command() -> None:
    assert {"report", "list", "verdict", "show", "demo"} <= set(VERBS)
    for name in VERBS:
        command = group.get_command(None, name)  # type: ignore[arg-type]
        assert command is not None
        assert command.name == name


def test_every_format_can_be_chosen() -> None:
    from kerascrash.cli.verbs.report import FORMATS
    from kerascrash.report.format import find_formats

    assert set(FORMATS) == set(find_formats())


@pytest.mark.parametrize("verb", VERBS)
def test_the_help_of_every_verb_has_an_example_and_exit_codes(verb: str) -> None:
    done = run(verb, "--help")
    assert done.returncode == 0, done.stderr
    assert "Example" in done.stdout
    assert f"kerascrash {verb}" in done.stdout.split("Example", 1)[1]
    assert "Exit code" in done.stdout


def test_help_and_version(tmp_path: Path) -> None:
    assert "Exit codes:" in run("--help").stdout
    assert run("--version").stdout.strip().endswith(kerascrash.__version__)
    assert run().returncode == 2


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from kerascrash.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit:\n"
        f"    print('LOADED', [m for m in {HEAVY!r} if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=True,
    )
    assert done.stdout.strip().splitlines()[-1] == "LOADED []"


@pytest.mark.parametrize(
    ("arguments", "exit_code"),
    [
        (["nonsense"], 2),
        (["report", "--nonsense"], 2),
        (["report", "--format", "pdf", "x.bin"], 2),
        (["report", "--open", "--format", "json"], 2),
        (["report"], 5),
        (["list"], 5),
        (["list", "/nowhere/at/all"], 5),
        (["report", "empty"], 5),
        (["report", "absent.bin"], 3),
        (["report", "empty.bin"], 3),
        (["report", "text.bin"], 3),
        (["verdict", "text.bin"], 3),
    ],
)
def test_a_mistake_is_one_line_and_a_documented_exit_code(
    tmp_path: Path, arguments: list[str], exit_code: int
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty.bin").touch()
    (tmp_path / "text.bin").write_text("not a dump at all\n" * 1000)
    done = run(*arguments, cwd=tmp_path, XDG_STATE_HOME=str(tmp_path / "state"))
    assert done.returncode == exit_code, done.stderr
    assert done.stdout == ""
    assert done.stderr.startswith("kerascrash: error: ")
    assert done.stderr.count("\n") == 1


def test_a_name_that_is_an_escape_is_told_harmlessly(tmp_path: Path) -> None:
    done = run("report", "\x1b[2Jevil\n.bin", cwd=tmp_path)
    assert done.returncode == 3
    assert "\x1b" not in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_reader_that_leaves_early_is_no_error(tmp_path: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    process = subprocess.run(
        [sys.executable, "-m", "kerascrash", "--help"],
        stdout=write, stderr=subprocess.PIPE, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    os.close(write)
    assert "Traceback" not in process.stderr
    assert process.stderr == ""


def test_a_locale_without_unicode_is_no_error(tmp_path: Path) -> None:
    done = run("report", "--help", PYTHONIOENCODING="ascii")
    assert done.returncode == 0
    assert "Example" in done.stdout
