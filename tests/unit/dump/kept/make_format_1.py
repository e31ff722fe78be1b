"""
Made `format-1.bin.gz`, the kept dump of format version 1; run once per version.

    python tests/unit/dump/kept/make_format_1.py

Never run it again for a version that has been released: the file shows that what
that version wrote can still be read.
"""

from __future__ import annotations

import gzip
import tempfile
from pathlib import Path

from kerascrash.dump.layout import SMALLEST_SIZE
from kerascrash.dump.records import BLOB_NAMES, EventKind, State
from kerascrash.dump.watcher_writer import open_watcher_writer
from kerascrash.dump.writer import create_dump

IDENTITY = {
    "pid": 4711,
    "ppid": 4700,
    "start_ticks": 123456,
    "boot_id": "6b1b7a3e-0000-4000-8000-000000000001",
    "comm": "python",
    "script": "train.py",
    "worker": False,
    "parent_dump": "",
}


def main() -> None:
    """Write every kind of record, long and short, and pack the file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "d.bin"
        writer = create_dump(path, size=SMALLEST_SIZE, identity=IDENTITY)
        for i in range(100):
            writer.sample({"rss": i << 20, "step": i, "stage": 5})
            writer.progress(5, i // 10, i, i % 10, 10, 32, 1_000_000 + i)
        writer.clock()
        for i in range(50):
            writer.event(EventKind.EPOCH_BEGIN, {"epoch": i})
        frames = [["train.py", i, "step", "x = f(x)"] for i in range(30)]
        writer.event(EventKind.EXCEPTION, {"type": "ValueError", "traceback": frames})
        for name in BLOB_NAMES:
            writer.blob(name, {"name": name, "version": 1})
            writer.blob(name, {"name": name, "version": 2})
        watcher = open_watcher_writer(path)
        for i in range(30):
            watcher.watch({"rss": i << 20, "state": ord("R")})
        watcher.stderr(b"Fatal Python error: Aborted\n" * 40)
        watcher.certificate({"version": 1, "exit": {"signal": 6}})
        writer.set_state(State.FINISHED)
        writer.close()
        watcher.set_state(State.SEALED)
        watcher.close()
        data = path.read_bytes()
    target = Path(__file__).with_name("format-1.bin.gz")
    target.write_bytes(gzip.compress(data, 9, mtime=0))


if __name__ == "__main__":
    main()
