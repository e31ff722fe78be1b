"""Damaged traces: never a crash, never a hang, and what is left of them labelled."""

from __future__ import annotations

import gzip
import os
import random
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from kerascrash.collect.xplane import read_xplane

MIB = 1 << 20


def damaged(data: bytes) -> dict[str, tuple[bytes, set[str]]]:
    """Return copies of a trace with the statuses that are right for each."""
    half, packed = len(data) // 2, gzip.compress(data)
    return {
        "cut10": (data[: len(data) // 10], {"truncated"}),
        "cut50": (data[:half], {"truncated"}),
        "cut99.9": (data[: int(len(data) * 0.999)], {"truncated"}),
        "end": (data[:-100], {"truncated"}),
        "hole": (data[:half] + data[half + 100 :], {"damaged", "truncated"}),
        "zeroed": (data[:half] + bytes(len(data) - half), {"damaged"}),
        "zeros": (bytes(len(data)), {"not a trace"}),
        "text": (b"Epoch 1/10\nloss: 0.5\n" * 500, {"not a trace"}),
        "empty": (b"", {"empty"}),
        "random": (random.Random(5).randbytes(len(data)), {"not a trace"}),
        "utf8": (data.decode("utf-8", "replace").encode(), {"damaged", "truncated"}),
        "tail": (data + bytes(50_000), {"damaged"}),
        "gzip": (packed, {"ok"}),
        "half_gzip": (packed[: len(packed) // 2], {"truncated"}),
    }  # fmt: skip


@pytest.mark.parametrize("name", sorted(damaged(b"x" * 2000)))
def test_every_kind_of_damage_is_named(
    leak_bytes: bytes, write: Any, name: str
) -> None:
    data, right = damaged(leak_bytes)[name]
    trace = read_xplane(write(data))
    assert trace.status in right
    if trace.status == "truncated" or trace.status == "damaged":
        assert trace.bad > 0


def test_events_before_a_cut_are_recovered_and_distrusted(
    leak_bytes: bytes, write: Any
) -> None:
    whole = read_xplane(write(leak_bytes)).allocators[0]
    cut = read_xplane(write(leak_bytes[: len(leak_bytes) // 2])).allocators[0]
    assert 0.3 * whole.allocations < cut.allocations < 0.8 * whole.allocations
    # The names stood behind the cut: sizes are right, ops are not known.
    assert 0 < cut.peak_bytes <= whole.peak_bytes
    assert cut.confidence <= 0.5
    assert whole.confidence == 1.0


def test_a_hole_costs_the_events_in_it_and_no_others(
    leak_bytes: bytes, write: Any
) -> None:
    whole = read_xplane(write(leak_bytes)).allocators[0]
    at = len(leak_bytes) // 2
    holed = read_xplane(write(leak_bytes[:at] + leak_bytes[at + 100 :])).allocators[0]
    assert holed.allocations + holed.deallocations >= (
        whole.allocations + whole.deallocations - 3
    )
    assert holed.growing[0].group.op == "Mul"
    assert holed.confidence < 1.0


@pytest.mark.parametrize("seed", range(25))
def test_flipped_bits_never_raise(leak_bytes: bytes, write: Any, seed: int) -> None:
    chance = random.Random(seed)
    data = bytearray(leak_bytes)
    for _ in range(chance.choice((1, 5, 50))):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    trace = read_xplane(write(bytes(data)))
    assert trace.status in {"ok", "damaged", "truncated"}
    if trace.status != "ok":
        assert trace.recovered > 0


def test_every_cut_of_a_small_trace_is_read(make: Any, write: Any) -> None:
    plane = make["plane"]("/host:CPU")
    plane.allocate(1, 0x10, MIB)
    plane.free(2, 0x10)
    data = make["space"]([plane.encode()])
    for end in range(len(data)):
        trace = read_xplane(write(data[:end]))
        assert trace.status != "ok" or end >= len(data) - 10, end


def test_a_folder_and_a_missing_file_are_no_trace(tmp_path: Path) -> None:
    folder = tmp_path / "x.xplane.pb"
    folder.mkdir()
    assert read_xplane(str(folder)).status == "not a trace"
    assert read_xplane(str(tmp_path / "none.xplane.pb")).status == "not a trace"
    pipe = tmp_path / "pipe.xplane.pb"
    os.mkfifo(pipe)
    assert read_xplane(str(pipe)).status == "not a trace"


def test_nothing_is_written_beside_the_evidence(
    leak_bytes: bytes, write: Any, tmp_path: Path
) -> None:
    path = write(gzip.compress(leak_bytes), "a.xplane.pb.gz")
    Path(path).chmod(0o400)
    before = sorted(tmp_path.rglob("*"))
    assert read_xplane(path).status == "ok"
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("begin", [b"", b"trace"])
def test_two_gibibytes_of_nothing_are_bounded(
    leak_bytes: bytes, write: Any, begin: bytes
) -> None:
    """A sparse file: it must neither be read into memory nor take long."""
    path = write(leak_bytes if begin else b"")
    os.truncate(path, 2 << 30)
    code = (
        "import resource, sys; from kerascrash.collect.xplane import read_xplane;"
        "resource.setrlimit(resource.RLIMIT_AS, (600 << 20, 600 << 20));"
        "trace = read_xplane(sys.argv[1]); print(trace.status, len(trace.allocators))"
    )
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", code, path], capture_output=True, text=True, timeout=120
    )
    assert done.stdout.split() == (
        ["damaged", "1"] if begin else ["not", "a", "trace", "0"]
    )
    assert time.monotonic() - started < 60


@pytest.mark.parametrize("large", [1000, 1 << 40])
def test_a_long_line_is_read_in_pieces(
    make: Any, write: Any, monkeypatch: Any, large: int
) -> None:
    """What is read block by block says the same as what is read at once."""
    data = make["space"]([make["leaking"](steps=40).encode(), make["environment"]()])
    path = write(data)
    whole = read_xplane(path)
    monkeypatch.setattr("kerascrash.collect.xplane.source.IN_MEMORY", 1000)
    monkeypatch.setattr("kerascrash.collect.xplane.reader.LARGE", large)
    monkeypatch.setattr("kerascrash.collect.xplane.source._BLOCK", 4096)
    monkeypatch.setattr("kerascrash.collect.xplane.lines._SLICE", 5000)
    pieces = read_xplane(path)
    assert pieces.status == "ok"
    assert pieces.recovered == whole.recovered
    assert pieces.allocators == whole.allocators


def test_a_bomb_is_not_unpacked_whole(write: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("kerascrash.collect.xplane.source.LARGEST_UNPACKED", 8 * MIB)
    path = write(gzip.compress(bytes(64 * MIB)), "b.xplane.pb.gz")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    trace = read_xplane(path)
    assert trace.status in {"not a trace", "truncated"}
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 << 10
