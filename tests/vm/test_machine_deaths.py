"""Deaths of memory and power that would take this machine along, in a virtual one."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kerascrash.dump.contents import Dump
from kerascrash.dump.reader import read_dump

pytestmark = [pytest.mark.vm, pytest.mark.timeout(1800)]

EAT = "/opt/kerascrash/tests/vm/guest/eat.py"
EXPECTED = Path(__file__).with_name("keep_batches.toml")
ALONE = ("--seal-seconds", "3")


class Death:
    """What a death in the machine left, and the report that is made of it here."""

    def __init__(self, out: Path, make_report: Callable[..., Any]) -> None:
        self.out = out
        self.seen = json.loads((out / "seen.json").read_text())
        (self.path,) = (out / "dumps").glob("*.bin")
        self.dump: Dump = read_dump(self.path)
        self._make_report = make_report

    def judge(self, *options: str) -> dict[str, Any]:
        """Return the verdict; the clocks and kernels of guest and host differ."""
        verdict: dict[str, Any] = self._make_report(self.path, *options)["verdict"]
        return verdict


@pytest.fixture
def die(machine: Any, report_json: Callable[..., Any]) -> Callable[..., Death]:
    """Let a script die in the machine; options are those of `guest/die.py`."""

    def run(*options: str, script: str = EAT, **how: Any) -> Death:
        out = machine.run("die.py", script, *options, **how)
        return Death(out, report_json)

    return run


def test_the_whole_machine_runs_out_of_memory(die: Callable[..., Death]) -> None:
    """At top level: no limit anywhere, and the kernel kills the training."""
    death = die("--reap-late", memory=384)
    assert death.seen["status"] == -9
    assert death.dump.certificate is not None
    assert death.dump.certificate["exit"]["known_by"] == "zombie"
    assert death.judge()["cause"] == "host_oom_global"


@pytest.mark.parametrize("user", [(), ("--stranger",)], ids=["root", "stranger"])
def test_a_counter_in_an_unlimited_cgroup_is_not_its_limit(
    die: Callable[..., Death], user: tuple[str, ...]
) -> None:
    """The leaf's `oom_kill` rises for the machine's OOM as well."""
    death = die("--cgroup", *user, memory=384)
    assert death.seen["step"]["oom_kill"] == 1, "the counter that misleads"
    assert death.seen["step"]["oom"] == 0
    assert death.dump.certificate is not None
    assert death.dump.certificate["kernel"]["readable"] is not bool(user)
    assert death.judge()["cause"] == "host_oom_global"


@pytest.mark.parametrize("level", ["--limit", "--outer-limit"])
def test_the_limit_of_a_cgroup(die: Callable[..., Death], level: str) -> None:
    """Its own limit, or one above it; the companion in the same cgroup survives."""
    death = die("--cgroup", level, "192", "--reap-late")
    certificate = death.dump.certificate
    assert certificate is not None
    assert certificate["exit"]["signal"] == 9
    verdict = death.judge()
    assert verdict["cause"] == "host_oom_cgroup"
    assert "192.0 MiB" in verdict["summary"]
    fast = [s.values["interval_us"] for s in death.dump.watch[-5:]]
    assert max(fast) <= 10_000, "the watcher slept before the limit"


def test_a_status_that_nobody_kept(die: Callable[..., Death]) -> None:
    """Linux 6.1 keeps none: after a parent that reaps at once there is nothing."""
    death = die("--cgroup", "--limit", "192")
    certificate = death.dump.certificate
    assert certificate is not None
    assert certificate["exit"]["known_by"] in ("zombie", "unknown")
    assert death.judge()["cause"] == "host_oom_cgroup"


def test_the_companion_dies_with_the_group(die: Callable[..., Death]) -> None:
    """`memory.oom.group=1`, the rule in Kubernetes: the dump alone must tell."""
    death = die("--cgroup", "--limit", "192", "--group", *ALONE)
    assert death.seen["step"]["oom_group_kill"] == 1
    assert death.dump.certificate is None
    assert death.judge()["cause"] == "host_oom_cgroup"


def test_the_first_process_of_a_namespace(die: Callable[..., Death]) -> None:
    """Every plain container: the kernel would end a companion with PID 1."""
    death = die("--cgroup", "--limit", "192", "--first-process", *ALONE)
    assert death.dump.header.pid == 1
    assert death.dump.certificate is None
    assert death.judge()["cause"] == "host_oom_cgroup"


def test_kerascrash_run_as_the_first_process(die: Callable[..., Death]) -> None:
    """As the entry point of a container it survives its child, and seals."""
    death = die("--cgroup", "--limit", "192", "--first-process", "--supervised")
    certificate = death.dump.certificate
    assert certificate is not None
    assert certificate["exit"]["known_by"] == "parent"
    assert certificate["exit"]["signal"] == 9
    assert death.judge()["cause"] == "host_oom_cgroup"


@pytest.mark.parametrize("reap", [("--reap-late",), ()], ids=["zombie", "reaped"])
def test_earlyoom_strikes_first(
    die: Callable[..., Death], reap: tuple[str, ...]
) -> None:
    """SIGTERM by a daemon: no kernel line, and its own log is elsewhere."""
    death = die("--earlyoom", *reap, memory=384)
    assert death.seen["status"] == -15
    assert death.dump.certificate is not None
    assert death.dump.certificate["daemons"] == ["earlyoom"]
    assert death.judge()["cause"] == "oom_daemon"
    log = death.judge("--log", str(death.out / "earlyoom.log"))
    assert log["cause"] == "oom_daemon"
    assert log["confidence"] >= 0.9


def test_a_dump_for_a_shared_folder_lies_on_a_local_disk(
    die: Callable[..., Death],
) -> None:
    """A page fault on 9p may stall: the ring is local, and copied after the death."""
    death = die("--cgroup", "--limit", "192", "--dumps", "OUT/dumps")
    (ring,) = death.seen["rings"]
    assert ring.startswith("/var/tmp/kerascrash-0/")
    assert death.path.is_file()
    assert not death.path.is_symlink()
    assert death.dump.certificate is not None
    assert death.judge()["cause"] == "host_oom_cgroup"


def test_the_power_is_cut(machine: Any, tmp_path: Path) -> None:
    """All but the last moment is on the disk, and the next boot knows what happened."""
    disk = machine.make_disk(tmp_path / "disk.qcow2")
    machine.run_until("CUTNOW", "train_on.py", memory=512, disk=disk)
    console = machine.console
    out = machine.run("read_after.py", memory=512, seconds=400, disk=disk)
    (path,) = out.glob("*.bin")
    dump = read_dump(path)
    assert dump.certificate is None
    alive = max(map(float, re.findall(r"ALIVE (\d+\.\d+)", console)))
    last = dump.to_unix(max(s.time_ns for s in (*dump.watch, *dump.fine)))
    assert alive - last < 2.5
    report = json.loads((out / "report.json").read_text())
    assert report["verdict"]["cause"] == "machine_down"
    assert "died" in (out / "again.txt").read_text()


def test_what_wakes_the_watcher(machine: Any) -> None:
    """`memory.events` and PSI wake it before the death; nothing wakes it for ever."""
    out = machine.run("wakers.py", memory=512)
    facts = json.loads((out / "facts.json").read_text())
    assert facts["status"] == -9
    assert facts["pressure"]
    assert facts["watched"] >= 2
    assert facts["woken"] >= 1
    assert facts["restless"] <= 2
    assert facts["pidfd_info"] is None, "this kernel is not supposed to know it"


def test_keras_fills_the_whole_machine(
    keras_guest: Any,
    report_json: Callable[..., Any],
    assert_expected: Callable[..., None],
) -> None:
    """A list of batches grows until the machine has nothing left."""
    script = "/opt/kerascrash/tests/vm/guest/keep_batches.py"
    out = keras_guest.run("die.py", script, memory=2048, seconds=1500)
    (dump,) = (out / "dumps").glob("*.bin")
    assert_expected(report_json(dump), EXPECTED)
