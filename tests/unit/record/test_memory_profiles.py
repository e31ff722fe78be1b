"""PyTorch's pools, counted, as its ``memory_snapshot`` shows them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kerascrash.collect.traces import read_traces
from kerascrash.model.trace import Trace
from kerascrash.record.memory_profiles import TORCH_SUFFIX, summarise

MIB = 1 << 20


def segment(device: int, *blocks: tuple[int, str]) -> dict[str, object]:
    return {
        "device": device,
        "address": 0x7F0000000000,
        "total_size": sum(size for size, _ in blocks),
        "segment_type": "large",
        "blocks": [
            {"size": size, "state": state, "frames": []} for size, state in blocks
        ],
    }


SEGMENTS = [
    segment(0, (8 * MIB, "active_allocated"), (2 * MIB, "inactive")),
    segment(0, (8 * MIB, "active_allocated"), (6 * MIB, "inactive")),
    segment(1, (4 * MIB, "active_pending_free")),
]


def test_pieces_are_counted_per_device() -> None:
    first, second = summarise(SEGMENTS)
    assert first == {
        "device": "GPU:0", "pool": 24 * MIB, "in_use": 16 * MIB, "free": 8 * MIB,
        "largest_free": 6 * MIB, "pieces": 4, "pieces_in_use": 2,
        "by_size": [[8 * MIB, 2]],
    }  # fmt: skip
    assert (second["device"], second["in_use"], second["free"]) == ("GPU:1", 4 * MIB, 0)


def test_the_report_reads_them(tmp_path: Path) -> None:
    file = tmp_path / "memory" / f"step_000000102{TORCH_SUFFIX}"
    file.parent.mkdir()
    file.write_text(json.dumps({"pools": summarise(SEGMENTS)}), encoding="utf-8")
    (trace,) = read_traces([str(tmp_path)]).found
    assert isinstance(trace, Trace)
    first = trace.allocators[0]
    assert (first.name, first.device, first.peak_bytes) == (
        "torch GPU:0", "GPU:0", 16 * MIB,
    )  # fmt: skip
    assert first.fragmentation == pytest.approx(0.25)
    assert (first.live[0].count, first.live[0].bytes) == (2, 16 * MIB)


@pytest.mark.parametrize(
    "text",
    ["", "[]", '{"pools": [{}]}', '{"pools": 3}', '{"pools": [{"free": Infinity}]}'],
)
def test_what_is_no_such_file_is_left_out(tmp_path: Path, text: str) -> None:
    (tmp_path / f"x{TORCH_SUFFIX}").write_text(text, encoding="utf-8")
    assert read_traces([str(tmp_path)]).found == []
