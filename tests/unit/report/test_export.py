"""Exports against the formats that other tools read."""

from __future__ import annotations

import csv
import io
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kerascrash.model.case import Case, Mark, Process, Recording, Series
from kerascrash.model.evidence import Unavailable
from kerascrash.model.trace import AllocatorMemory, Trace
from kerascrash.report.export import document, perfetto, pftrace, table

BEGIN = 1_700_000_000.0
NONE = Unavailable("x", "absent")
# Trace Event Format: the keys that each phase must have.
REQUIRED = {
    "X": {"name", "ts", "dur", "pid", "tid"},
    "i": {"name", "ts", "s", "pid", "tid"},
    "C": {"name", "ts", "pid", "args"},
    "M": {"name", "pid", "args"},
}


@pytest.fixture
def case() -> Case:
    marks = (
        Mark(BEGIN, "stage_begin", {"stage": "FIT"}),
        Mark(BEGIN + 0.5, "epoch_begin", {"epoch": 0}),
        Mark(BEGIN + 3, "checkpoint", {"path": "=HYPERLINK(1)", "ratio": float("nan")}),
        Mark(BEGIN + 4, "epoch_end", {"epoch": 0}),
        Mark(BEGIN + 4, "epoch_begin", {"epoch": 1}),
        Mark(BEGIN + 5, "exception", {"message": "</script>\ud800\x00"}),
    )
    times = tuple(BEGIN + n for n in range(6))
    recording = Recording(
        source="run.bin",
        state="sealed",
        series=(
            Series("rss", "recorder", times, tuple(n << 30 for n in range(6))),
            Series("step", "recorder", times, (0, 1, 1, 4, 5, 5)),
        ),
        marks=marks,
        stacks={
            "threads": [
                {
                    "name": "MainThread",
                    "main": True,
                    "frames": [
                        {"file": "train.py", "line": 9, "function": "grow"},
                        {"file": "train.py", "line": 20, "function": "<module>"},
                    ],
                }
            ]
        },
        blob_times={"stacks": BEGIN + 5.5},
        last_sample=times[-1],
    )
    memory = AllocatorMemory(
        "GPU_0_bfc", "GPU:0", 7, timeline=((BEGIN + 1, 5), (BEGIN + 2, 7))
    )
    trace = Trace("t.xplane.pb", "xplane", "ok", 10, allocators=(memory,))
    process = Process(pid=77, script="=cmd.py")
    return Case(
        "linux", NONE, process, recording, NONE, death=BEGIN + 6, traces=(trace,)
    )


def events(case: Case) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(perfetto.render(case))["traceEvents"]
    return found


def test_every_event_has_what_its_phase_needs(case: Case) -> None:
    found = events(case)
    assert {event["ph"] for event in found} == set(REQUIRED)
    for event in found:
        assert REQUIRED[event["ph"]] <= set(event), event
        assert isinstance(event["pid"], int)
        assert isinstance(event.get("tid", 0), int)
        if event["ph"] != "M":
            assert isinstance(event["ts"], int)
            assert BEGIN * 1e6 <= event["ts"] <= (BEGIN + 6) * 1e6
        if event["ph"] == "X":
            assert event["dur"] >= 0
        if event["ph"] == "C":
            assert all(isinstance(value, int) for value in event["args"].values())
        if event["ph"] == "i":
            assert event["s"] in {"g", "p", "t"}


def test_slices_of_a_track_nest(case: Case) -> None:
    """Perfetto drops slices that overlap without one holding the other."""
    by_track: dict[int, list[tuple[int, int]]] = {}
    for event in events(case):
        if event["ph"] == "X":
            row = by_track.setdefault(event["tid"], [])
            row.append((event["ts"], event["ts"] + event["dur"]))
    assert len(by_track) == 4
    for row in by_track.values():
        open_ends: list[int] = []
        for begin, end in row:  # in the order of the file
            while open_ends and open_ends[-1] <= begin:
                open_ends.pop()
            assert not open_ends or end <= open_ends[-1]
            open_ends.append(end)


def test_tracks_tell_the_run(case: Case) -> None:
    slices = [(e["name"], e["dur"]) for e in events(case) if e["ph"] == "X"]
    assert ("fit", 6_000_000) in slices
    assert ("epoch 1", 3_500_000) in slices
    assert ("epoch 2", 2_000_000) in slices  # open at the death
    assert ("step 1", 1_000_000) in slices
    assert ("steps 2–4", 2_000_000) in slices
    assert [name for name, _ in slices[-2:]] == ["<module>", "grow"]
    counters = [
        e["args"] for e in events(case) if e.get("name") == "allocator GPU_0_bfc"
    ]
    assert counters == [{"bytes": 5}, {"bytes": 7}]
    assert [e["name"] for e in events(case) if e["ph"] == "i"] == [
        "checkpoint",
        "exception",
        "death",
    ]


def packets(case: Case) -> list[Any]:
    """Perfetto's published schema, as its own package has it."""
    protos = pytest.importorskip("perfetto.protos.perfetto.trace.perfetto_trace_pb2")
    trace = protos.Trace()
    assert trace.ParseFromString(pftrace.render(case)) == len(pftrace.render(case))
    unknown = pytest.importorskip("google.protobuf.unknown_fields").UnknownFieldSet
    for packet in trace.packet:
        for part in (packet, packet.track_event, packet.track_descriptor):
            assert len(unknown(part)) == 0
        assert packet.trusted_packet_sequence_id == 1
    return list(trace.packet)


def test_its_own_format_keeps_to_perfettos_schema(case: Case) -> None:
    found = packets(case)
    tracks = [p.track_descriptor for p in found if p.HasField("track_descriptor")]
    names = {track.uuid: track.name for track in tracks}
    assert len(names) == len(tracks)
    assert tracks[0].process.pid == 77
    assert {track.parent_uuid for track in tracks[1:]} == {tracks[0].uuid}
    units = {t.name: t.counter.unit for t in tracks if t.HasField("counter")}
    assert units == {"rss": 3, "step": 2, "allocator GPU_0_bfc": 3}
    events = [p for p in found if p.HasField("track_event")]
    times = [p.timestamp for p in events]
    assert times == sorted(times)
    open_slices: dict[int, list[str]] = {}
    ended = []
    for packet in events:
        event = packet.track_event
        assert event.track_uuid in names
        row = open_slices.setdefault(event.track_uuid, [])
        if event.type == event.TYPE_SLICE_BEGIN:
            row.append(event.name)
        elif event.type == event.TYPE_SLICE_END:
            ended.append((names[event.track_uuid], row.pop()))
    assert not any(open_slices.values())
    assert [name for track, name in ended if track.startswith("stack")] == [
        "grow",
        "<module>",
    ]
    peaks = [
        (packet.timestamp, packet.track_event.counter_value)
        for packet in events
        if names[packet.track_event.track_uuid] == "allocator GPU_0_bfc"
    ]
    begin = int(BEGIN) * 10**9
    assert peaks == [(begin + 10**9, 5), (begin + 2 * 10**9, 7)]


@pytest.mark.parametrize("suffix", [".json", ".pftrace"])
def test_perfettos_trace_processor_reads_it(
    case: Case, tmp_path: Path, suffix: str
) -> None:
    """Its program is no part of its package: the test needs it in PATH."""
    processor = pytest.importorskip("perfetto.trace_processor")
    program = shutil.which("trace_processor_shell")
    if program is None:
        pytest.skip("there is no trace_processor_shell in PATH")
    path = tmp_path / f"run{suffix}"
    text = perfetto.render(case).encode()
    path.write_bytes(pftrace.render(case) if suffix == ".pftrace" else text)
    config = processor.TraceProcessorConfig(bin_path=program)
    with processor.TraceProcessor(trace=str(path), config=config) as reader:
        slices = [row.name for row in reader.query("select name from slice")]
        assert {"fit", "epoch 1", "step 1", "grow"} <= set(slices)
        (most,) = reader.query("select max(value) as top from counter")
        assert most.top == 5 << 30
        bad = "select sum(value) as n from stats where severity = 'error' and value > 0"
        assert [row.n or 0 for row in reader.query(bad)] == [0]


def test_hosts_have_counters_of_their_own(case: Case) -> None:
    one, two = (
        AllocatorMemory("A", "GPU:0", 5, timeline=((BEGIN, 5),), host=f"node-{n}")
        for n in (1, 2)
    )
    unplaced = AllocatorMemory("B", "GPU:0", 5, timeline=((1.5, 5),), host="node-1")
    traces = (Trace("t", "xplane", "ok", 1, allocators=(one, two, unplaced)),)
    names = {e["name"] for e in events(replace(case, traces=traces)) if e["ph"] == "C"}
    assert names == {"rss", "step", "allocator A of node-1", "allocator A of node-2"}


def test_the_table_is_one_row_per_fact_and_no_formula(case: Case) -> None:
    rows = list(csv.DictReader(io.StringIO(table.render(case))))
    assert {row["kind"] for row in rows} == {"reading", "slice", "event"}
    assert [float(row["time"]) for row in rows] == sorted(
        float(r["time"]) for r in rows
    )
    last = [row for row in rows if row["name"] == "rss"][-1]
    assert (last["value"], last["unit"]) == (str(5 << 30), "bytes")
    cells = [cell for row in rows for cell in row.values() if cell]
    assert not [cell for cell in cells if cell.startswith(("=", "@", "+", "-"))]


def test_the_document_is_strict_json(case: Case) -> None:
    def refuse(name: str) -> None:
        raise AssertionError(name)

    data = json.loads(document.render(case), parse_constant=refuse)
    assert data["schema"] == "kerascrash.export/1"
    assert data["series"]["rss"]["points"][-1] == [BEGIN + 5, 5 << 30]
    assert data["process"]["pid"] == 77
    assert [one["name"] for one in data["slices"] if one["track"] == "epochs"] == [
        "epoch 1",
        "epoch 2",
    ]


def test_a_case_without_a_recording_still_renders() -> None:
    empty = Case("linux", NONE, NONE, NONE, NONE)
    assert json.loads(perfetto.render(empty))["traceEvents"]
    assert pftrace.render(empty)
    assert table.render(empty).startswith("time,")
    assert json.loads(document.render(empty))["series"] == {}
