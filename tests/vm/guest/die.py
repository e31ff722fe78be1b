"""
Let a script die in the virtual machine, and hand out what it leaves.

Runs as root in the guest: `die.py OUT SCRIPT [options]`. The script's dump, the output
and what the parent saw (`seen.json`) lie in OUT afterwards.
"""

from __future__ import annotations

import argparse
import json
import os
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path

from kerascrash.dump.reader import read_dump
from kerascrash.errors import DumpError

CGROUPS = Path("/sys/fs/cgroup")
WORK = Path("/srv/training")
MIB = 1 << 20
NOBODY = 65534
EARLYOOM = ["earlyoom", "-r", "0", "-m", "10", "-s", "100"]


def make_cgroup(options: argparse.Namespace) -> Path | None:
    """Make ``job/step`` as asked; the process goes into ``step``."""
    (CGROUPS / "cgroup.subtree_control").write_text("+memory +pids")
    if not options.cgroup:
        return None
    outer, inner = CGROUPS / "job", CGROUPS / "job" / "step"
    inner.mkdir(parents=True)
    (outer / "cgroup.subtree_control").write_text("+memory +pids")
    if options.outer_limit:
        (outer / "memory.max").write_text(str(options.outer_limit * MIB))
    if options.limit:
        (inner / "memory.max").write_text(str(options.limit * MIB))
    (inner / "memory.oom.group").write_text(str(int(options.group)))
    return inner


def command(options: argparse.Namespace) -> list[str]:
    """Return what is run: the script, by itself or wrapped."""
    argv = [sys.executable, "train.py"]
    if options.supervised:
        argv = [sys.executable, "-m", "kerascrash", "run", "train.py"]
    if options.first_process:
        argv = ["unshare", "--pid", "--fork", "--mount-proc", *argv]
    return argv


def let_die(options: argparse.Namespace) -> dict[str, object]:
    """Run the script until it is dead and return what its parent saw."""
    cgroup = make_cgroup(options)

    def enter() -> None:
        if cgroup is not None:
            (cgroup / "cgroup.procs").write_text(str(os.getpid()))
        if options.stranger:  # may read neither the kernel log nor others' files
            os.setgid(NOBODY)
            os.setuid(NOBODY)

    environment = {**os.environ, "KERASCRASH_DIR": options.dumps}
    # Watched from outside while it runs, should the guest hang.
    watched = options.out / "train.out"
    with watched.open("wb") as out, open("train.err", "wb") as err:
        process = subprocess.Popen(
            command(options), stdout=out, stderr=err, env=environment, preexec_fn=enter
        )
        died, rings = follow(process.pid, Path(options.dumps))
        if options.reap_late:
            time.sleep(2)
        status = process.wait()
    seen: dict[str, object] = {"status": status, "died": died, "rings": rings}
    if cgroup is not None:
        for level in (cgroup, cgroup.parent):
            rows = (level / "memory.events").read_text().splitlines()
            seen[level.name] = {k: int(n) for k, n in map(str.split, rows)}
    return seen


def follow(pid: int, dumps: Path) -> tuple[float, list[str]]:
    """Wait for a child's death; return when, and where the rings lay until then."""
    rings: set[str] = set()
    end = select.poll()
    end.register(os.pidfd_open(pid), select.POLLIN)
    while not end.poll(500):
        rings |= {os.path.realpath(path) for path in dumps.glob("*.bin")}
    return time.time(), sorted(rings)


def wait_for_seal(folder: Path, seconds: float) -> None:
    """Return once all dumps there are sealed, or when time is up."""
    give_up = time.monotonic() + seconds
    while time.monotonic() < give_up:
        try:
            found = [read_dump(path) for path in folder.glob("*.bin")]
            if found and all(dump.certificate is not None for dump in found):
                return
        except DumpError:
            pass
        time.sleep(0.1)


def main() -> None:
    """Let it die and copy what is left."""
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path)
    parser.add_argument("script", type=Path)
    parser.add_argument("--cgroup", action="store_true")
    parser.add_argument("--limit", type=int, help="MiB")
    parser.add_argument("--outer-limit", type=int, help="MiB")
    parser.add_argument("--group", action="store_true")
    parser.add_argument("--reap-late", action="store_true")
    parser.add_argument("--first-process", action="store_true")
    parser.add_argument("--supervised", action="store_true")
    parser.add_argument("--earlyoom", action="store_true")
    parser.add_argument("--stranger", action="store_true")
    parser.add_argument("--dumps", default=str(WORK / "kerascrash-dumps"))
    parser.add_argument("--seal-seconds", type=float, default=20)
    options = parser.parse_args()
    WORK.mkdir(parents=True)
    WORK.chmod(0o777)
    shutil.copy(options.script, WORK / "train.py")
    os.chdir(WORK)
    if options.earlyoom:
        with open("earlyoom.log", "wb") as log:
            subprocess.Popen(EARLYOOM, stdout=log, stderr=log)
        time.sleep(1)
    seen = let_die(options)
    wait_for_seal(Path(options.dumps), options.seal_seconds)
    (options.out / "seen.json").write_text(json.dumps(seen))
    log = subprocess.run(["dmesg"], capture_output=True, check=True).stdout
    (options.out / "dmesg.txt").write_bytes(log)
    for path in (*WORK.glob("train.*"), *WORK.glob("*.log")):
        shutil.copy(path, options.out / path.name)
    # In a folder of their own: what lies beside a dump is read along with it.
    alone = options.out / "dumps"
    alone.mkdir(exist_ok=True)
    if Path(options.dumps) != alone:
        for path in Path(options.dumps).glob("*.bin*"):
            shutil.copy(path, alone / path.name)


if __name__ == "__main__":
    main()
