"""Which processes the start-up file arms: now, at a framework's import, never."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kerascrash.record import startup

ROOT = Path(__file__).resolve().parents[3]
BIN = os.path.dirname(sys.executable)
FORKSERVER = "from multiprocessing.forkserver import main; main(1)"
SPAWN = "from multiprocessing.spawn import spawn_main; spawn_main(pipe_handle=7)"


@pytest.mark.parametrize(
    ("command", "when"),
    [
        (["python", "train.py", "--epochs", "3"], "now"),
        (["python", "-X", "dev", "-u", "train.py"], "now"),
        (["python", "-W", "error", "sub/train.py", "-m", "pip"], "now"),
        (["python", "-c", SPAWN, "--multiprocessing-fork"], "now"),
        (["python", "-m", "mypackage.train"], "later"),
        (["python", "-mpip", "list"], "later"),
        (["python", "-c", "import keras"], "later"),
        (["python"], "later"),
        (["python", "-i"], "later"),
        (["python", "-"], "later"),
        (["python", f"{BIN}/pip", "install", "x"], "later"),
        (["python", "/x/lib/python3.11/site-packages/tool/main.py"], "later"),
        (["python", f"{os.path.dirname(os.__file__)}/timeit.py"], "later"),
        (["python", "-m", "kerascrash", "report"], "never"),
        (["python", "-m", "kerascrash.cli"], "never"),
        (
            ["python", "-s", "-c", "from multiprocessing.resource_tracker import main"],
            "never",
        ),
        (["python", "-c", FORKSERVER], "children"),
    ],
)  # fmt: skip
def test_when_a_process_is_armed(command: list[str], when: str) -> None:
    assert startup.classify(command) == when


STARTUP = (ROOT / "kerascrash/record/kerascrash_startup.pth").read_text().strip()
REPORT = "print('kerascrash.record.arming' in __import__('sys').modules)"


def run_with_line(folder: Path, code: str, **env: str) -> str:
    """Run code after the start-up line, as ``site`` would have run it."""
    (folder / "sitecustomize.py").write_text(f"{STARTUP}\n", encoding="utf-8")
    (folder / "jax.py").write_text("", encoding="utf-8")
    kept = {k: v for k, v in os.environ.items() if "KERASCRASH" not in k}
    kept["PYTHONPATH"] = os.pathsep.join([str(folder), str(ROOT)])
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**kept, **env},
        timeout=60,
    )
    assert done.stderr == ""
    return done.stdout.strip()


def test_the_line_is_inert_unless_asked(tmp_path: Path) -> None:
    loaded = "print(any('kerascrash' in name for name in __import__('sys').modules))"
    assert run_with_line(tmp_path, loaded) == "False"
    assert run_with_line(tmp_path, loaded, KERASCRASH="0") == "False"
    assert run_with_line(tmp_path, loaded, KERASCRASH="1") == "True"


def test_other_programs_are_armed_by_a_frameworks_import(tmp_path: Path) -> None:
    assert run_with_line(tmp_path, REPORT, KERASCRASH="1") == "False"
    importing = f"import jax; {REPORT}"
    assert run_with_line(tmp_path, importing, KERASCRASH="1") == "True"
    assert run_with_line(tmp_path, importing) == "False"


@pytest.mark.parametrize(("parent", "armed"), [("{}", "True"), ("1{}", "False")])
def test_what_kerascrash_run_starts_is_armed_at_once(
    tmp_path: Path, parent: str, armed: str
) -> None:
    """A module as well: it may die before it imports any framework."""
    (tmp_path / "job.py").write_text(
        "import os, sys\n"
        "arming = sys.modules.get('kerascrash.record.arming')\n"
        "print(arming is not None and arming.current_recorder() is not None)\n"
        "print('KERASCRASH_RUN' in os.environ)\n"
    )
    (tmp_path / "sitecustomize.py").write_text("import kerascrash.record.startup\n")
    environ = {k: v for k, v in os.environ.items() if not k.startswith("KERASCRASH")}
    environ |= {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}", "KERASCRASH": "1"}
    environ["KERASCRASH_RUN"] = parent.format(os.getpid())
    done = subprocess.run(
        [sys.executable, "-m", "job"],
        cwd=tmp_path,
        env=environ,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout.split() == [armed, "False"], done.stderr
