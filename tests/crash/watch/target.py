"""A process to be watched: `target.py DUMP BODY`; BODY runs when the watcher is up."""

import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))
from kerascrash.dump.records import State
from kerascrash.dump.writer import create_dump
from kerascrash.record.companion import start_watcher
from kerascrash.record.environment import describe_stderr
from kerascrash.record.identity import describe_self

dump, body = sys.argv[1:3]
writer = create_dump(dump, identity=describe_self(None))
writer.blob("environment", {"cwd": os.getcwd(), "stderr": describe_stderr()})
if "WATCHER=0" not in body:
    start_watcher(dump)
    give_up = time.monotonic() + 10
    while not os.path.exists(dump + ".sync") and time.monotonic() < give_up:
        time.sleep(0.005)


def finish() -> None:
    """The main script has run to its end."""
    writer.set_state(State.FINISHED)


print("ready", flush=True)
exec(body)
