"""All probes of this platform: names, values, and harmlessness."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from kerascrash.dump.records import COMMON_FIELDS
from kerascrash.probes import open_probes
from kerascrash.probes.probeset import ProbeSet, find_probes

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="probes of Linux")


def test_readings_are_fields_of_the_dump() -> None:
    probes = open_probes(os.getpid())
    values = probes.read()
    probes.close()
    assert set(values) <= set(COMMON_FIELDS)
    assert {"rss", "anon", "vms", "threads", "host_total", "children"} <= set(values)
    assert all(isinstance(value, int) for value in values.values())


def test_every_probe_file_is_found() -> None:
    assert len(list(find_probes())) >= 6


HOLDS = """
print("up", flush=True); input()
held = b"x" * (64 << 20)
print("held", flush=True); input()
"""


def test_resident_memory_follows_an_allocation() -> None:
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", HOLDS], **pipes) as child:
        child.stdout.readline()
        probes = open_probes(child.pid)
        before = probes.read()["anon"]
        child.stdin.write("\n")
        child.stdin.flush()
        child.stdout.readline()
        grown = probes.read()["anon"] - before
        probes.close()
        child.kill()
    assert grown == pytest.approx(64 << 20, rel=0.05)


def test_a_process_that_is_gone_gives_absent_readings() -> None:
    child = subprocess.Popen(["sleep", "30"])
    probes = open_probes(child.pid)
    assert probes.read()["rss"] > 0
    child.kill()
    child.wait()
    values = probes.read()
    assert "rss" not in values
    assert "host_available" in values
    probes.close()


def test_a_pid_that_never_was_is_no_error() -> None:
    probes = open_probes(2**22 + 1)
    assert "rss" not in probes.read()
    assert probes.describe_limits() == {}
    probes.close()


def test_a_reader_that_raises_costs_only_its_own_reading() -> None:
    class Broken:
        def read(self, values: dict[str, int]) -> None:
            raise RuntimeError("broken")

        def close(self) -> None:
            raise RuntimeError("broken")

    class Sound:
        def read(self, values: dict[str, int]) -> None:
            values["rss"] = 1

        def close(self) -> None:
            return

    probes = ProbeSet(os.getpid(), [Broken(), Sound()])
    assert probes.read() == {"rss": 1}
    probes.close()


def test_no_descriptor_is_left_open() -> None:
    before = sorted(os.listdir("/proc/self/fd"))
    probes = open_probes(os.getpid())
    probes.read()
    probes.describe_limits()
    probes.close()
    assert sorted(os.listdir("/proc/self/fd")) == before


def test_it_runs_on_the_bare_interpreter() -> None:
    """The watcher has no site-packages; nothing but the standard library is needed."""
    code = (
        f"import sys; sys.path.insert(0, {str(os.getcwd())!r})\n"
        "import os\n"
        "from kerascrash.probes import open_probes\n"
        "print(open_probes(os.getpid()).read()['rss'])\n"
        "print(sorted({'typing', 'dataclasses', 'psutil'} & set(sys.modules)))"
    )
    argv = [sys.executable, "-I", "-S", "-c", code]
    rss, imported = subprocess.check_output(argv, text=True).splitlines()
    assert int(rss) > 1 << 20
    assert imported == "[]"
