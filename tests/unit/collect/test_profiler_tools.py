"""The profiler's own tools: a second opinion that may be absent, wrong or late."""

from __future__ import annotations

import os
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from kerascrash.collect import profiler_tools
from kerascrash.collect.profiler_tools import ask_profiler
from kerascrash.collect.trace_json import read_traces_json, write_traces_json
from kerascrash.collect.xplane import read_xplane
from kerascrash.model.profiler_tools import (
    PeakCheck,
    ProfilerTools,
    XlaBuffer,
    XlaModule,
)
from kerascrash.model.trace import Trace
from kerascrash.report.device import second_opinion, traces_list

MIB = 1 << 20
# What a stand-in for xprof's converter does when it is asked, by the tool's name.
HEAD = """
import json, os, sys, time
def xspace_to_tool_names(paths):
    open(os.path.join(os.path.dirname(paths[0]), "jit_f(7).hlo_proto.pb"), "wb").close()
    return []
def xspace_to_tool_data(paths, tool, params):
    assert params["use_saved_result"] is False
"""
PEAK = """
    if tool == "memory_profile":
        stats = {"peakStats": {"peakBytesInUse": "%d"}}
        return json.dumps({"memoryProfilePerAllocator": {"GPU_0_bfc":
            {"profileSummary": stats}}}).encode(), "application/json"
"""
TELLS = """
    if tool == "framework_op_stats":
        ids = ["type", "operation", "occurrences", "total_self_time", "host_or_device"]
        rows = [["IDLE", "IDLE", 0, 9e9, "Host"], ["Mul", "a/Mul", 3.0, 5e5, "Device"]]
        cells = [{"c": [{"v": v} for v in row]} for row in rows]
        return json.dumps([{"cols": [{"id": i} for i in ids], "rows": cells}]), ""
    if tool == "memory_viewer":
        assert params["module_name"] == "jit_f(7)"
        top = {"instructionName": "fusion.1", "shapeString": "f32[8,8]{1,0}",
               "tfOpName": "f/dot", "groupName": "Output", "logicalBufferSizeMib": 2.5,
               "sourceInfo": {"fileName": "train.py", "lineNumber": 7}}
        small = {"label": "small", "logicalBufferSizeMib": 0.1}
        return json.dumps({"moduleName": "jit_f", "peakHeapMib": 3,
                           "maxHeapBySize": [top, small]}).encode(), ""
"""
NOTHING = """
    return None, ""
"""


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that installs a converter made of these lines."""

    def install(body: str) -> None:
        package = tmp_path / "site" / "xprof"
        (package / "convert").mkdir(parents=True)
        (package / "__init__.py").touch()
        (package / "convert" / "__init__.py").touch()
        (package / "convert" / "raw_to_tool_data.py").write_text(HEAD + body)
        facts = tmp_path / "site" / "xprof-9.9.dist-info"
        facts.mkdir()
        (facts / "METADATA").write_text("Name: xprof\nVersion: 9.9\n")
        monkeypatch.syspath_prepend(str(tmp_path / "site"))
        monkeypatch.setenv("PYTHONPATH", str(tmp_path / "site"))

    return install


@pytest.fixture
def trace(leak_bytes: bytes, write: Any) -> Trace:
    return read_xplane(write(leak_bytes))


def told(trace: Trace) -> ProfilerTools:
    (found,), missing = ask_profiler([trace])
    assert not missing
    assert isinstance(found, Trace)
    assert found.tools is not None
    return found.tools


def why(trace: Trace, seconds: float = 30.0) -> str:
    found, (missing,) = ask_profiler([trace], seconds)
    assert found == [trace] or found[0].tools is not None  # type: ignore[union-attr]
    return missing.reason


def test_what_they_tell_is_taken_over(stand_in: Any, trace: Trace) -> None:
    peak = trace.allocators[0].peak_bytes
    stand_in(PEAK % peak + TELLS)
    tools = told(trace)
    assert tools.version == "xprof 9.9"
    assert tools.peaks == (PeakCheck("GPU_0_bfc", peak, peak),)
    assert [(op.name, op.count, op.seconds) for op in tools.ops] == [("a/Mul", 3, 0.5)]
    buffer = XlaBuffer(
        "fusion.1", "f32[8,8]", "f/dot", "output", 5 * MIB // 2, "train.py:7"
    )
    assert tools.modules == (XlaModule("jit_f", 3 * MIB, (buffer,)),)


def test_another_peak_is_said_with_both_numbers(stand_in: Any, trace: Trace) -> None:
    stand_in(PEAK % MIB + TELLS)
    (found,), _ = ask_profiler([trace])
    case_of = type("Case", (), {"traces": (found,)})
    tools = traces_list(case_of)[0]["tools"]  # type: ignore[arg-type]
    assert second_opinion(tools) == (
        "xprof 9.9 sees other peaks: GPU_0_bfc 1.0 MiB (read here: 106.0 MiB)"
    )


def test_it_travels_in_a_bundle(stand_in: Any, trace: Trace) -> None:
    stand_in(PEAK % MIB + TELLS)
    found, _ = ask_profiler([trace])
    assert read_traces_json(write_traces_json(found)) == tuple(found)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (NOTHING, "memory_profile answered None; framework_op_stats answered None"),
        ('\n    return b"", ""\n', "memory_profile gave an empty answer"),
        ('\n    return b"<html>", ""\n', "memory_profile failed: no JSON"),
        ('\n    raise ValueError("bad proto")\n', "failed: ValueError: bad proto"),
        ("\n    return 5\n", "memory_profile failed: TypeError"),
        ("\n    os._exit(9)\n", "they died (status 9)"),
        ("\n    os.abort()\n", "they died (status -6)"),
        ("\nraise ImportError('libfoo.so')\n", "they cannot be loaded: "),
    ],
)
def test_whatever_fails_is_said(
    stand_in: Any, trace: Trace, body: str, reason: str
) -> None:
    stand_in(body)
    assert reason in why(trace)


def test_what_hangs_is_ended_with_its_children(
    stand_in: Any, trace: Trace, tmp_path: Path
) -> None:
    pid = tmp_path / "pid"
    stand_in(
        f"""
    if os.fork() == 0:
        open({str(pid)!r}, "w").write(str(os.getpid()))
    time.sleep(600)
"""
    )
    began = time.monotonic()
    assert "took longer than 4 s" in why(trace, 4.0)
    assert time.monotonic() - began < 60
    if pid.exists():  # the machine may have been too slow to get so far
        give_up = time.monotonic() + 20
        while Path(f"/proc/{pid.read_text()}").exists() and _state(pid) != "Z":
            assert time.monotonic() < give_up
            time.sleep(0.05)


def _state(pid: Path) -> str:
    try:
        return Path(f"/proc/{pid.read_text()}/stat").read_text().rsplit(")", 1)[1][1]
    except OSError:
        return "Z"


def test_absent_is_said_once_and_only_where_there_is_a_trace(
    trace: Trace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(profiler_tools, "_PACKAGES", ("no_such_package",))
    assert "not installed" in why(trace)
    assert ask_profiler([]) == ([], [])


def test_nothing_is_written_beside_the_trace(
    stand_in: Any, trace: Trace, tmp_path: Path
) -> None:
    stand_in(PEAK % MIB + TELLS)
    told(trace)
    beside = os.listdir(Path(trace.path).parent)
    assert sorted(beside) == ["node-7.xplane.pb", "site"]


@pytest.mark.skipif(find_spec("xprof") is None, reason="the extra is not installed")
def test_the_real_tools_agree(trace: Trace) -> None:
    tools = told(trace)
    peak = trace.allocators[0].peak_bytes
    assert tools.peaks == (PeakCheck("GPU_0_bfc", peak, peak),)
