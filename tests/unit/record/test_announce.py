"""What is read of an earlier run's dump before anything is said about it."""

from __future__ import annotations

from pathlib import Path

from kerascrash.dump.sync_copy import SYNC_SUFFIX
from kerascrash.dump.writer import create_dump
from kerascrash.record.dump_header import read_header


def test_the_copy_tells_where_a_power_cut_left_zeros(tmp_path: Path) -> None:
    path = tmp_path / "train.bin"
    create_dump(str(path), identity={"pid": 7, "script": "/srv/train.py"}).close()
    content = path.read_bytes()
    path.write_bytes(bytes(len(content)))
    assert read_header(str(path)) is None
    Path(f"{path}{SYNC_SUFFIX}").write_bytes(content)
    header = read_header(str(path))
    assert header is not None
    assert header["script"] == "/srv/train.py"
