"""What the driver (a stand-in for NVML) told of a card tells whose memory filled it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from kerascrash.dump.reader import read_dump

SCRIPT = Path(__file__).parents[1] / "scripts" / "nvml_fills.py"
ROOT = Path(__file__).resolve().parents[3]
GIB = 1 << 30

pytestmark = pytest.mark.crash


def die(
    nvml: Any, report_json: Any, folder: Path, *, own: int, others: int, second: int = 0
) -> dict[str, Any]:
    nvml.answer(f"device ok {16 * GIB} {others} 0")
    environment = {
        **os.environ,
        **nvml.environment,
        "PYTHONPATH": str(ROOT),
        "KERASCRASH_DIR": str(folder / "dumps"),
    }
    numbers = [own, os.getpid(), others, second]
    done = subprocess.run(
        [sys.executable, str(SCRIPT), *map(str, numbers)],
        env=environment,
        cwd=folder,
        capture_output=True,
        timeout=60,
    )
    assert done.returncode == 1
    (dump,) = (folder / "dumps").glob("*.bin")
    give_up = time.monotonic() + 10
    while read_dump(dump).certificate is None and time.monotonic() < give_up:
        time.sleep(0.05)
    report: dict[str, Any] = report_json(dump)
    assert report["verdict"]["cause"] == "gpu_oom"
    return report


def test_the_course_of_a_card_that_fills_up(nvml, report_json, tmp_path) -> None:
    report = die(nvml, report_json, tmp_path, own=15 * GIB, others=0, second=9 * GIB)
    course = [value for _, value in report["timeline"]["series"]["device0_used"]]
    assert course[0] < 4 * GIB
    assert course[-1] == 15 * GIB
    assert course == sorted(course)
    first, second = report["devices"]
    assert (first["own"], first["others"], first["total"]) == (15 * GIB, 0, 16 * GIB)
    assert second["others"] == 9 * GIB
    assert report["verdict"]["factor"] != "other_process"
    dump = report["process"]["dump"]
    page = subprocess.run(
        [sys.executable, "-m", "kerascrash", "report", dump, "-o", "-"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "Memory of GPU 0" in page
    assert "Stand-in 9000" in page


def test_another_process_holds_the_card(nvml, report_json, tmp_path) -> None:
    report = die(nvml, report_json, tmp_path, own=4 * GIB, others=11 * GIB)
    assert report["verdict"]["factor"] == "other_process"
    (told,) = [e for e in report["evidence"] if e["id"].endswith("gpu_held_by_other")]
    assert f"pid {os.getpid()}" in told["text"]
    assert "11.0 GiB" in told["text"]
