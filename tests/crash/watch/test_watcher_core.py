"""An armed process leaves a core: the certificate names it, the report reads it."""

from __future__ import annotations

import os
import resource
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = [
    pytest.mark.crash,
    pytest.mark.skipif(sys.platform != "linux", reason="core files of Linux"),
]
FAULT = "import ctypes; ctypes.string_at(8)"


def allow_cores() -> None:
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))


@pytest.fixture
def report_of_a_fault(
    watched: Any, report_json: Callable[..., dict[str, Any]]
) -> Callable[..., dict[str, Any]]:
    pattern = Path("/proc/sys/kernel/core_pattern").read_text().strip()
    if "/" in pattern or not pattern.startswith("core"):
        pytest.skip(f"core files do not go to the working directory: {pattern}")
    if resource.getrlimit(resource.RLIMIT_CORE)[1] == 0:
        pytest.skip("core files are forbidden here (ulimit -H -c)")

    def make(*options: str) -> dict[str, Any]:
        done = watched.run(FAULT, cwd=watched.folder, preexec_fn=allow_cores)
        assert done.returncode == -11
        assert watched.certificate()["core_file"] is not None
        return report_json(watched.dump, *options)

    return make


def test_the_report_reads_the_core_that_the_certificate_names(
    report_of_a_fault: Callable[..., dict[str, Any]],
) -> None:
    report = report_of_a_fault()
    assert report["verdict"]["cause"] == "native_segfault"
    assert report["core"]["signal"] == 11
    assert report["core"]["address"] == "0x8"
    assert "libc" in report["core"]["library"]
    assert report["core"]["pid"] == report["process"]["pid"]
    assert "core_segfault" in {found["id"] for found in report["findings"]}


def test_a_core_that_a_later_death_wrote_over_is_not_taken(
    watched: Any,
    report_of_a_fault: Callable[..., dict[str, Any]],
    report_json: Callable[..., dict[str, Any]],
) -> None:
    report = report_of_a_fault()
    core = Path(report["core"]["source"])
    kept = Path(__file__).parents[2] / "unit" / "collect" / "kept" / "native_crash.core"
    core.write_bytes(kept.read_bytes())
    report = report_json(watched.dump)
    assert report["core"] is None
    assert any("another process" in row["reason"] for row in report["unavailable"])
    core.unlink()
    os.mkfifo(core)
    assert report_json(watched.dump)["core"] is None
