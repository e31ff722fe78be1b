"""The wheel, installed in a bare environment, renders a sample without TensorFlow."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = {
    k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "KERASCRASH"))
}


def call(*argv: str | Path, cwd: Path) -> str:
    done = subprocess.run(
        [str(a) for a in argv], capture_output=True, text=True, cwd=cwd, env=ENVIRONMENT
    )
    assert done.returncode == 0, f"{argv}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The python of a fresh environment that holds the wheel and its dependencies."""
    folder = tmp_path_factory.mktemp("bare")
    call(
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "-q",
        "--no-deps",
        "-w",
        folder,
        ROOT,
        cwd=folder,
    )
    wheel = next(folder.glob("kerascrash-*.whl"))
    call(sys.executable, "-m", "venv", folder / "venv", cwd=folder)
    python = folder / "venv" / "bin" / "python"
    call(python, "-m", "pip", "install", "-q", wheel, cwd=folder)
    return python


def test_a_sample_is_rendered_without_tensorflow(bare: Path, tmp_path: Path) -> None:
    shown = call(bare, "-m", "pip", "list", "--format=json", cwd=tmp_path)
    assert not {"tensorflow", "tensorflow-cpu", "keras"} & {
        row["name"].lower() for row in json.loads(shown)
    }
    where = call(
        bare, "-c", "import kerascrash; print(kerascrash.__path__[0])", cwd=tmp_path
    )
    sample = Path(where.strip(), "_sample_dumps", "list_leak_cgroup", "dump.bin.gz")
    page = tmp_path / "report.html"
    call(bare, "-m", "kerascrash", "report", sample, "-o", page, cwd=tmp_path)
    text = page.read_text(encoding="utf-8")
    assert "Trainer.history" in text
    assert "self.history.append(batch)" in text
    assert len(text.encode()) < 300 << 10


def test_the_start_up_file_arms_on_request_only(bare: Path, tmp_path: Path) -> None:
    probe = "import sys; print('kerascrash.record.arming' in sys.modules)"
    (tmp_path / "train.py").write_text(probe, encoding="utf-8")
    ENVIRONMENT.pop("KERASCRASH", None)
    assert call(bare, "train.py", cwd=tmp_path).strip() == "False"
    ENVIRONMENT["KERASCRASH"] = "1"
    try:
        assert call(bare, "train.py", cwd=tmp_path).strip() == "True"
    finally:
        del ENVIRONMENT["KERASCRASH"]
