"""An editable install arms a script on request, too, from this checkout's own code."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROBE = (
    "import sys; armed = sys.modules.get('kerascrash.record.arming')\n"
    "print(armed.__file__ if armed else 'unarmed')\n"
)


def test_an_editable_install_has_the_start_up_file(tmp_path: Path) -> None:
    environ = {
        k: v
        for k, v in os.environ.items()
        if not k.startswith(("PYTHON", "KERASCRASH"))
    }
    python = tmp_path / "venv" / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    subprocess.run(
        [python, "-m", "pip", "install", "-q", "--no-deps", "-e", ROOT],
        check=True,
        env=environ,
        cwd=tmp_path,
    )
    (tmp_path / "train.py").write_text(PROBE, encoding="utf-8")

    def run(**more: str) -> str:
        return subprocess.run(
            [python, "train.py"],
            check=True,
            capture_output=True,
            text=True,
            env={**environ, **more},
            cwd=tmp_path,
        ).stdout.strip()

    assert run() == "unarmed"
    assert run(KERASCRASH="0") == "unarmed"
    assert run(KERASCRASH="1") == str(ROOT / "kerascrash" / "record" / "arming.py")
