"""
Kill writers at random instants and read what they left.

    python kills.py FOLDER SEED ROUNDS

Each round forks a writer that stores self-consistent records of every kind as fast
as it can (two threads, or the watcher's side), kills it with SIGKILL and reads its
dump. Prints one JSON object; ``wrong`` must be empty.
"""

from __future__ import annotations

import json
import os
import random
import signal
import struct
import sys
import threading
import time
from pathlib import Path
from typing import Any

from kerascrash.dump.contents import Dump
from kerascrash.dump.reader import read_dump
from kerascrash.dump.records import RECORDER_FIELDS, WATCHER_FIELDS, EventKind, State
from kerascrash.dump.watcher_writer import open_watcher_writer
from kerascrash.dump.writer import DumpWriter, create_dump

THREADS = 2
LONG = "x" * 700
WIDE = os.urandom(30_000).hex()  # large copies are the likeliest to be torn
END = " end of line\n"


def write_records(writer: DumpWriter) -> None:
    i = 0
    while True:
        i += 1
        writer.sample(dict.fromkeys(RECORDER_FIELDS, i))
        # The copy alone, over and over: a kill should hit it, not what leads to it.
        payload = struct.pack("<q", i) * len(RECORDER_FIELDS)
        for _ in range(100):
            writer._fine.put(i, payload)
        writer.event(EventKind.EPOCH_BEGIN, {"first": i, "last": i})
        writer.progress(i % 100, i, i, i, i, i, i)
        if i % 5 == 0:
            writer.event(EventKind.WARNING, {"first": i, "text": LONG, "last": i})
            writer.blob("inventory", {"first": i, "text": WIDE, "last": i})
            writer.set_state(State.FINISHED if i % 2 else State.RECORDING)


def write_outside(path: str) -> None:
    watcher = open_watcher_writer(path)
    i = 0
    while True:
        i += 1
        watcher.watch(dict.fromkeys(WATCHER_FIELDS, i))
        watcher.stderr(b"%d" % (i % 10) * 40 + END.encode())
        if i % 5 == 0:
            watcher.certificate({"first": i, "text": WIDE[:8000], "last": i})
            watcher.set_state(State.SEALED if i % 2 else State.RECORDING)


def writer_process(path: Path, outside: bool, ready: int) -> None:
    writer = create_dump(path, size=1 << 20, identity={"pid": os.getpid()})
    os.write(ready, b"!")
    if outside:
        write_outside(str(path))
    for _ in range(THREADS - 1):
        threading.Thread(target=write_records, args=(writer,), daemon=True).start()
    write_records(writer)


def inconsistent(dump: Dump) -> list[str]:
    """Name every record whose parts are not of one piece."""
    objects: list[dict[str, Any]] = [e.data for e in dump.events]
    objects += [b.data for b in (*dump.blobs.values(), *dump.older_blobs.values())]
    objects += [dump.certificate] if dump.certificate else []
    wrong = [str(o)[:80] for o in objects if o["first"] != o["last"]]
    for sample in (*dump.fine, *dump.coarse, *dump.watch):
        if len(set(sample.values.values())) != 1:
            wrong.append(str(sample)[:80])
    for p in dump.progress:
        if len(set(p[3:-1])) != 1 or p.flags or p.stage != p.step % 100:
            wrong.append(str(p))
    for line in dump.stderr.decode().splitlines()[1:-1]:
        if len(set(line[:40])) != 1 or line[40:] != END.rstrip("\n"):
            wrong.append(line)
    return wrong


def one_round(folder: Path, rng: random.Random, number: int) -> dict[str, Any]:
    path = folder / f"{number}.bin"
    outside = number % 4 == 3
    ready_read, ready_write = os.pipe()
    pid = os.fork()
    if not pid:
        writer_process(path, outside, ready_write)
    os.read(ready_read, 1)
    time.sleep(rng.uniform(0, 0.08))
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    os.close(ready_read)
    os.close(ready_write)
    dump = read_dump(path)
    wrong = inconsistent(dump)
    if not dump.header.state or dump.header.pid != pid:
        wrong.append("the header was lost")
    # Each thread may have had one record in hand, which a long one spreads over slots.
    if len(dump.damage) > THREADS:
        wrong.append(str(dump.damage))
    path.unlink()
    return {"wrong": wrong, "damage": dump.damage, "events": len(dump.events)}


def main() -> None:
    folder, seed, rounds = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    rng = random.Random(seed)
    results = [one_round(folder, rng, n) for n in range(rounds)]
    summary = {
        "rounds": rounds,
        "wrong": [r["wrong"] for r in results if r["wrong"]],
        "damage": [note for r in results for note in r["damage"]],
        "with_events": sum(bool(r["events"]) for r in results),
    }
    print(json.dumps(summary))


if __name__ == "__main__":
    main()
