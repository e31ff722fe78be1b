"""Dumps to take apart: fresh ones, and full ones with something in every section."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from kerascrash.dump.layout import SMALLEST_SIZE
from kerascrash.dump.records import BLOB_NAMES, RECORDER_FIELDS, EventKind
from kerascrash.dump.watcher_writer import open_watcher_writer
from kerascrash.dump.writer import DumpWriter, create_dump

# A busy machine is no failure: examples are bounded in number, not in time.
settings.register_profile(
    "busy machine",
    deadline=None,
    max_examples=40,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("busy machine")

IDENTITY = {"pid": 4711, "ppid": 1, "boot_id": "b", "comm": "python", "script": "t.py"}


@pytest.fixture
def new_dump(tmp_path: Path) -> Iterator[Callable[..., DumpWriter]]:
    """Return a maker of dumps that are closed at the end of the test."""
    made: list[DumpWriter] = []

    def make(size: int = SMALLEST_SIZE, name: str = "d.bin") -> DumpWriter:
        writer = create_dump(tmp_path / name, size=size, identity=IDENTITY)
        made.append(writer)
        return writer

    yield make
    for writer in made:
        writer.close()


def fill(writer: DumpWriter, rounds: int = 40) -> None:
    """Put something into every section; every value can be told from its number."""
    for i in range(rounds):
        writer.sample(dict.fromkeys(RECORDER_FIELDS, i))
        writer.event(EventKind.EPOCH_BEGIN, {"epoch": i})
        writer.progress(5, 0, i, i, 100, 32, 1000 + i)
    writer.event(EventKind.EXCEPTION, {"traceback": [["a.py", 1, "f", "x" * 40]] * 20})
    for name in BLOB_NAMES:
        assert writer.blob(name, {"version": 1, "name": name})
        assert writer.blob(name, {"version": 2, "name": name})
    watcher = open_watcher_writer(writer.path)
    for i in range(rounds):
        watcher.watch({"rss": i})
    watcher.stderr(b"Fatal Python error: Aborted\n" * 20)
    assert watcher.certificate({"version": 1, "exit": {"signal": 9}})
    watcher.close()


@pytest.fixture
def full_dump(new_dump: Callable[..., DumpWriter]) -> Path:
    """Return the path of a dump of the smallest size with all sections in use."""
    writer = new_dump()
    fill(writer)
    return Path(writer.path)
