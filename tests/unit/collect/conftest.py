"""Traces made here, byte by byte as the profilers write them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from kerascrash.collect.xplane.schema import message

MIB = 1 << 20


def varint(value: int) -> bytes:
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


@dataclass
class PlaneBuilder:
    """One plane; ``allocate`` and ``free`` keep the allocator's books."""

    name: str
    used: dict[str, int] = field(default_factory=dict)
    peak: dict[str, int] = field(default_factory=dict)
    limit: int = 400 * MIB
    refer: bool = True  # text as references, as new writers do
    begin_ns: int = 1000
    _events: dict[str, list[Any]] = field(default_factory=dict)
    _event_ids: dict[str, int] = field(default_factory=dict)
    _stat_ids: dict[str, int] = field(default_factory=dict)
    _sizes: dict[tuple[str, int], int] = field(default_factory=dict)

    def _id(self, table: dict[str, int], name: str) -> int:
        return table.setdefault(name, len(table) + 1)

    def event(
        self, name: str, time_us: int, line: str = "python", us: int = 0, **stats: Any
    ) -> None:
        event = message("Event")
        event.metadata_id = self._id(self._event_ids, name)
        event.offset_ps = time_us * 1_000_000
        event.duration_ps = us * 1_000_000
        for key, value in stats.items():
            stat = event.stats.add(metadata_id=self._id(self._stat_ids, key))
            if isinstance(value, float):
                stat.double_value = value
            elif isinstance(value, int) and value >= 1 << 63:
                stat.uint64_value = value
            elif isinstance(value, int):
                stat.int64_value = value
            elif self.refer:
                stat.ref_value = self._id(self._stat_ids, value)
            else:
                stat.str_value = value.encode()
        self._events.setdefault(line, []).append(event)

    def allocate(
        self, time_us: int, address: int, size: int, op: str = "AddV2",
        shape: str = "[4]", dtype: int = 1, allocator: str = "GPU_0_bfc",
        line: str = "python", reserved: int = 0,
    ) -> None:  # fmt: skip
        self.used[allocator] = self.used.get(allocator, 0) + size
        self.peak[allocator] = max(self.peak.get(allocator, 0), self.used[allocator])
        self._sizes[allocator, address] = size
        self.event(
            "MemoryAllocation",
            time_us,
            line,
            **self._books(allocator, reserved),
            requested_bytes=size,
            allocation_bytes=size,
            addr=address,
            tf_op=op,
            id=7,
            region_type="output",
            data_type=dtype,
            shape=shape,
        )

    def free(
        self,
        time_us: int,
        address: int,
        allocator: str = "GPU_0_bfc",
        line: str = "python",
    ) -> None:
        size = self._sizes.pop((allocator, address))
        self.used[allocator] -= size
        self.event(
            "MemoryDeallocation",
            time_us,
            line,
            **self._books(allocator, 0),
            requested_bytes=size,
            allocation_bytes=size,
            addr=address,
            id=0,
            data_type=0,
        )

    def _books(self, allocator: str, reserved: int) -> dict[str, Any]:
        named: dict[str, Any] = {"allocator_name": allocator}
        if allocator.isdigit():
            named = {"index_on_host": int(allocator)}
        used = self.used[allocator]
        return named | {
            "bytes_reserved": reserved,
            "bytes_allocated": used,
            "bytes_available": self.limit - used - reserved,
            "fragmentation": 0.25,
            "peak_bytes_in_use": self.peak[allocator],
        }

    def encode(self) -> bytes:
        plane = message("Plane")
        plane.name = self.name.encode()
        for number, (name, events) in enumerate(self._events.items(), 1):
            line = message("Line")
            line.id, line.name, line.timestamp_ns = number, name.encode(), self.begin_ns
            line.events.extend(events)
            plane.lines.append(line.SerializeToString())
        for name, key in self._event_ids.items():
            entry = plane.event_metadata.add(key=key)
            entry.value.id, entry.value.name = key, name.encode()
        for name, key in self._stat_ids.items():
            entry = plane.stat_metadata.add(key=key)
            entry.value.id, entry.value.name = key, name.encode()
        return bytes(plane.SerializeToString())


def encode_space(planes: Iterable[bytes], host: str = "node-7") -> bytes:
    body = b"".join(b"\x0a" + varint(len(plane)) + plane for plane in planes)
    return body + b"\x22" + varint(len(host)) + host.encode()


def environment(begin_s: int = 1_700_000_000, seconds: int = 10) -> bytes:
    """The plane that says when the session was."""
    plane = message("Plane")
    plane.name = b"Task Environment"
    for key, name, value in (
        (1, b"profile_start_time", begin_s * 10**9),
        (2, b"profile_stop_time", (begin_s + seconds) * 10**9),
    ):
        entry = plane.stat_metadata.add(key=key)
        entry.value.id, entry.value.name = key, name
        plane.stats.add(metadata_id=key, uint64_value=value)
    return bytes(plane.SerializeToString())


def leaking_plane(steps: int = 10, keep: bool = True, **options: Any) -> PlaneBuilder:
    """Each step frees its activations, and keeps or frees one tensor more."""
    plane = PlaneBuilder("/host:CPU", **options)
    for address in range(3):
        plane.allocate(
            10 + address, 0x1000 + address, 2 * MIB, "VarHandleOp", "[512,1024]"
        )
    for step in range(steps):
        at = 1000 * (step + 1)
        plane.event("train", at - 1, us=900, step_num=step)
        for layer in range(5):
            op = f"model/dense_{layer}/Relu"
            plane.allocate(at + 10 + layer, 0x8000 + layer, 4 * MIB, op, "[64,16384]")
        plane.allocate(at + 100, 0x90000 + step, 8 * MIB, "Mul", "[1024,2048]")
        for layer in range(5):
            plane.free(at + 200 + layer, 0x8000 + layer)
        if not keep:
            plane.free(at + 300, 0x90000 + step)
    return plane


@pytest.fixture
def leak_bytes() -> bytes:
    return encode_space([leaking_plane().encode(), environment()])


@pytest.fixture
def write(tmp_path: Path) -> Any:
    def put(data: bytes, name: str = "node-7.xplane.pb") -> str:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return str(path)

    return put


@pytest.fixture
def make() -> Any:
    """The builders, for tests: importing from a conftest is not possible."""
    return {
        "plane": PlaneBuilder,
        "space": encode_space,
        "environment": environment,
        "leaking": leaking_plane,
    }
