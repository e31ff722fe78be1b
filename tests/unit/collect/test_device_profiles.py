"""JAX's profiles of live buffers, written here in pprof's format."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from kerascrash.collect.traces import read_traces
from kerascrash.collect.xplane.schema import message
from kerascrash.model.trace import Trace

MIB = 1 << 20
OWN, LIBRARY = "/home/ada/train.py", "/x/lib/python3.11/site-packages/jax/_src/core.py"


def pprof(
    buffers: dict[int, tuple[int, int]],
    device: str = "cuda:0",
    units: tuple[str, str] = ("count", "bytes"),
) -> bytes:
    """Return a profile of buffers made at lines of OWN: line → (count, bytes)."""
    profile = message("Profile")
    texts: list[str] = [""]

    def text(value: str) -> int:
        if value not in texts:
            texts.append(value)
        return texts.index(value)

    for unit in units:
        profile.sample_type.add(type=text("x"), unit=text(unit))
    profile.function.add(id=1, name=text("bind"), filename=text(LIBRARY))
    profile.function.add(id=2, name=text("train"), filename=text(OWN))
    inner = profile.location.add(id=1)
    inner.line.add(function_id=1, line=7)
    for number, (line, (count, size)) in enumerate(buffers.items(), 2):
        place = profile.location.add(id=number)
        place.line.add(function_id=2, line=line)
        sample = profile.sample.add(location_id=[1, number], value=[count, size])
        sample.label.add(key=text("kind"), str=text("buffer"))
        sample.label.add(key=text("device"), str=text(device))
    profile.string_table.extend(each.encode() for each in texts)
    return gzip.compress(profile.SerializeToString())


def read(folder: Path) -> list[Trace]:
    found = read_traces([str(folder)]).found
    assert all(isinstance(one, Trace) for one in found)
    return [one for one in found if isinstance(one, Trace)]


def test_the_users_own_line_is_named(tmp_path: Path) -> None:
    data = pprof({41: (3, 12 * MIB), 12: (1, 16 * MIB)})
    (tmp_path / "step_000000010.prof").write_bytes(data)
    (memory,) = read(tmp_path)[0].allocators
    assert (memory.name, memory.device, memory.peak_bytes) == (
        "JAX cuda:0", "GPU:0", 28 * MIB,
    )  # fmt: skip
    assert [one.op for one in memory.live] == [f"train ({OWN}:12)", f"train ({OWN}:41)"]
    assert memory.growing == ()


def test_what_grew_between_the_profiles(tmp_path: Path) -> None:
    for number, step in enumerate((2, 102, 202)):
        data = pprof(
            {41: (1 + 100 * number, (1 + 100 * number) * MIB), 12: (1, 16 * MIB)}
        )
        (tmp_path / f"step_{step:09}.prof").write_bytes(data)
    (trace,) = read(tmp_path)
    assert trace.path.endswith("step_000000202.prof")
    (grown,) = trace.allocators[0].growing
    assert grown.group.op == f"train ({OWN}:41)"
    assert (grown.counts, grown.bytes_per_step) == ((1, 101, 201), MIB)
    assert grown.certain


def test_a_count_that_comes_and_goes_has_not_grown(tmp_path: Path) -> None:
    for step, count in ((2, 1), (102, 40), (202, 30)):
        data = pprof({41: (count, count * MIB)})
        (tmp_path / f"step_{step:09}.prof").write_bytes(data)
    assert read(tmp_path)[0].allocators[0].growing == ()


def test_the_cpu_is_the_host(tmp_path: Path) -> None:
    (tmp_path / "x.prof").write_bytes(pprof({1: (1, MIB)}, device="cpu:0"))
    assert read(tmp_path)[0].allocators[0].device == "host"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x1f\x8b",
        pprof({41: (1, MIB)})[:60],
        pprof({41: (1, MIB)}, units=("samples", "nanoseconds")),  # of a CPU profiler
        gzip.compress(b"\xff" * 100),
        b"{marshalled by cProfile",
    ],
    ids=["empty", "magic", "cut", "cpu", "noise", "cprofile"],
)
def test_other_files_of_that_name_are_left_out(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "x.prof").write_bytes(data)
    evidence = read_traces([str(tmp_path)])
    assert (evidence.found, evidence.damage) == ([], [])


def test_numbers_out_of_range_do_no_harm(tmp_path: Path) -> None:
    profile = message("Profile")
    profile.ParseFromString(gzip.decompress(pprof({41: (1, MIB)})))
    profile.function[1].filename = 10_000
    profile.sample[0].location_id.append(99)
    profile.sample[0].label[1].str = -5
    (tmp_path / "x.prof").write_bytes(gzip.compress(profile.SerializeToString()))
    (memory,) = read(tmp_path)[0].allocators
    assert (memory.name, memory.peak_bytes) == ("JAX", MIB)
