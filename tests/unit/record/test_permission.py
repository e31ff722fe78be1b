"""Who the watcher is, told by the lock on the copy that it keeps."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kerascrash.record.permission import permit_watcher, watcher_of

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="ptrace is Linux'")
ROOT = Path(__file__).resolve().parents[3]
KEEPER = """
import sys
from kerascrash.dump.sync_copy import SyncCopy
copy = SyncCopy(sys.argv[1])
print("kept", flush=True)
sys.stdin.read()
"""


def test_the_keeper_of_the_copy_is_the_watcher(tmp_path: Path) -> None:
    dump = tmp_path / "ring.bin"
    dump.write_bytes(bytes(4096))
    assert watcher_of(str(dump)) == 0  # nobody keeps a copy yet
    assert not permit_watcher(str(dump))
    keeper = subprocess.Popen(
        [sys.executable, "-c", KEEPER, str(dump)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert keeper.stdout is not None
    keeper.stdout.readline()
    try:
        assert watcher_of(str(dump)) == keeper.pid
        assert permit_watcher(str(dump))
    finally:
        keeper.communicate()
    assert watcher_of(str(dump)) == 0  # left behind by one that is gone
