"""Each cause: deaths of its own and near-misses, judged by the whole engine."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pytest

from kerascrash.causes import load_causes
from kerascrash.collect.left_behind import make_case
from kerascrash.collect.log_text import make_logs
from kerascrash.detect import load_detectors
from kerascrash.diagnose import diagnose
from kerascrash.diagnose.resource import ENGINE_FINDINGS
from kerascrash.factors import load_factors
from kerascrash.model.verdict import Diagnosis

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

CASES = Path(__file__).parents[2] / "cases"
FILES = sorted(
    p for p in CASES.glob("*/*.toml") if re.match("positive|near_miss", p.name)
)
CATALOGUE = """
host_oom_global host_oom_cgroup oom_daemon scheduler_oom gpu_oom alloc_failure
native_segfault illegal_instruction bus_error_shm fpe native_abort_check
missing_or_mismatched_cuda_library openmp_duplicate_runtime protobuf_or_abi_conflict
gpu_hardware_xid gpu_driver_fault cuda_kernel_fault thread_or_process_limit fd_limit
disk_full stack_overflow termination_signal user_interrupt python_exception silent_exit
external_kill hang machine_down machine_check
windows_missing_dll_or_stack_buffer_overrun notebook_kernel_death clean_exit unknown
""".split()


def judge(path: Path) -> tuple[Diagnosis, dict[str, Any]]:
    case = tomllib.loads(path.read_text(encoding="utf-8"))
    logs = []
    for key, kind in (
        ("stderr", "stderr"),
        ("kernel_log", "kernel"),
        ("log", "system"),
    ):
        logs += make_logs(case.get(key, []), kind, key)
    return diagnose(make_case(logs, case.get("exit"), case["platform"])), case


@pytest.mark.parametrize("path", FILES, ids=lambda p: f"{p.parent.name}-{p.stem}")
def test_a_death_gets_its_name(path: Path) -> None:
    diagnosis, case = judge(path)
    assert diagnosis.faults == ()
    expected = case.get("expect") or case["expect_instead"]
    assert diagnosis.verdict.cause in expected
    if path.stem.startswith("near_miss"):
        assert diagnosis.verdict.cause != path.parent.name


def test_the_catalogue_is_whole() -> None:
    assert {cause.id for cause in load_causes()} >= set(CATALOGUE)


@pytest.mark.parametrize("name", [cause.id for cause in load_causes()])
def test_each_cause_has_a_case_and_a_near_miss(name: str) -> None:
    stems = {path.stem for path in FILES if path.parent.name == name}
    assert "positive" in stems
    assert any(stem.startswith("near_miss") for stem in stems)


@pytest.mark.parametrize("rule", load_causes(), ids=lambda rule: rule.id)
def test_a_cause_says_what_to_do_and_how_to_settle_it(rule: Any) -> None:
    assert rule.settle
    assert rule.meaning.endswith(".")
    assert rule.remedies or rule.id == "clean_exit"
    assert all(w > 0 for w in (*rule.supports.values(), *rule.contradicts.values()))


@pytest.mark.parametrize(
    "rule", [*load_causes(), *load_factors()], ids=lambda rule: rule.id
)
def test_every_finding_that_a_rule_weighs_can_be_found(rule: Any) -> None:
    known = {f for detector in load_detectors() for f in detector.finds}
    named = {*rule.supports, *rule.contradicts}
    assert named <= known | set(ENGINE_FINDINGS)
