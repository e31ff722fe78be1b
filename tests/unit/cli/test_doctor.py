"""``kerascrash doctor`` as root, as an unprivileged user, and in a pid namespace."""

from __future__ import annotations

import ctypes
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from kerascrash.cli.doctor import examine, load_checks
from kerascrash.cli.doctor._check import GROUPS, Check

ROOT = Path(__file__).parents[3]
needs_root = pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="needs Linux and root"
)


def doctor(*wrap: str, options: tuple[str, ...] = (), **more: Any) -> Any:
    return subprocess.run(
        [*wrap, sys.executable, "-m", "kerascrash", "doctor", *options],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), **more.pop("env", {})},
        timeout=60,
        check=False,
        **more,
    )


def ask(*wrap: str, **more: Any) -> dict[str, dict[str, Any]]:
    done = doctor(*wrap, options=("--format", "json"), **more)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    document = json.loads(done.stdout)
    assert document["schema"] == "kerascrash.doctor/1"
    assert sum(document["summary"].values()) == len(document["checks"])
    return {check["id"]: check for check in document["checks"]}


@pytest.mark.skipif(sys.platform != "linux", reason="what Linux yields")
def test_what_is_weaker_or_missing_says_what_it_means_and_how_to_get_more() -> None:
    found = ask()
    assert {"kernel_log", "pidfd_exit", "watcher", "dump_folder"} <= set(found)
    for check in found.values():
        assert check["state"] in ("ok", "weaker", "missing")
        assert check["found"]
        if check["state"] != "ok":
            assert check["meaning"].endswith(".")
            assert check["command"]


@needs_root
def test_root_reads_the_kernel_log_and_a_watcher_seals() -> None:
    found = ask()
    assert found["kernel_log"]["state"] == "ok"
    assert found["watcher"]["state"] == "ok"
    assert re.match(r"it sealed \d+ ms after", found["watcher"]["found"])


@needs_root
def test_an_unprivileged_user_is_told_what_is_kept_from_him(
    tmp_path: Path, as_nobody: tuple[str, ...]
) -> None:
    tmp_path.chmod(0o755)
    found = ask(*as_nobody, env={"HOME": "/nonexistent", "KERASCRASH_DIR": "/proc/no"})
    restricted = Path("/proc/sys/kernel/dmesg_restrict").read_text() == "1\n"
    log = found["kernel_log"]
    assert (log["state"] == "ok") is not restricted
    if log["state"] == "missing":
        assert "sysctl kernel.dmesg_restrict=0" in log["command"]
    assert found["watcher"]["state"] == "ok"
    folder = found["dump_folder"]
    assert folder["state"] in ("weaker", "missing")
    assert "/proc/no" in folder["found"]


@needs_root
def test_in_a_pid_namespace_the_watcher_is_said_to_go_down_with_pid_1() -> None:
    found = ask("unshare", "--pid", "--fork", "--mount-proc")
    assert found["first_process"]["state"] == "weaker"
    assert "kerascrash run" in found["first_process"]["command"]
    # The trial is not PID 1 there: it is watched and sealed as anywhere.
    assert found["watcher"]["state"] == "ok"


@needs_root
def test_the_exit_status_is_really_asked_of_the_kernel() -> None:
    check = ask()["pidfd_exit"]
    release = tuple(int(part) for part in os.uname().release.split(".")[:2])
    assert check["data"]["pidfd"] is (release >= (6, 15))
    assert check["data"]["zombie"] is True


@pytest.mark.skipif(sys.platform != "linux", reason="file systems of Linux")
def test_a_dump_folder_in_memory_is_weaker(tmp_path: Path) -> None:
    on_disk = ask(env={"KERASCRASH_DIR": str(tmp_path)})["dump_folder"]
    in_memory = ask(env={"KERASCRASH_DIR": "/dev/shm/kerascrash"})["dump_folder"]
    assert str(tmp_path) in on_disk["found"]
    assert in_memory["state"] == "weaker"
    assert in_memory["data"]["filesystem"] == "tmpfs"
    assert not Path("/dev/shm/kerascrash").exists()


def test_standard_error_is_told_by_its_kind(tmp_path: Path) -> None:
    assert ask()["stderr"]["data"]["kind"] == "pipe"
    with (tmp_path / "err").open("w") as file:
        argv = [sys.executable, "-m", "kerascrash", "doctor", "--format", "json"]
        done = subprocess.run(
            argv, stdout=subprocess.PIPE, stderr=file, cwd=ROOT, timeout=60, check=True
        )
    rows = {row["id"]: row for row in json.loads(done.stdout)["checks"]}
    assert rows["stderr"]["state"] == "ok"


@pytest.mark.skipif(sys.platform != "linux", reason="limits of Linux")
def test_limits_set_around_it_are_seen() -> None:
    def limit() -> None:
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    check = ask(preexec_fn=limit)["core_file"]
    pattern = Path("/proc/sys/kernel/core_pattern").read_text()
    assert check["state"] == ("ok" if pattern.startswith("|") else "weaker")


def test_the_text_names_the_user_and_counts() -> None:
    done = doctor()
    assert done.returncode == 0
    first, *_, last = done.stdout.splitlines()
    assert first.startswith("What a death here would leave behind, as ")
    assert last.endswith(" missing.")
    assert "\x1b" not in done.stdout


def test_wrong_usage_is_2() -> None:
    assert doctor(options=("--format", "pdf")).returncode == 2


def test_every_check_is_found_by_its_file_and_belongs_to_a_group() -> None:
    checks = load_checks()
    folder = ROOT / "kerascrash" / "cli" / "doctor"
    files = {path.stem for path in folder.glob("[!_]*.py")}
    assert {check.id for check in checks} == files
    assert all(check.group in GROUPS for check in checks)


def test_a_check_that_fails_is_told_and_harms_no_other() -> None:
    def fail() -> None:
        raise ctypes.ArgumentError("broken")

    result = examine(Check("broken", "broken", "kernel", fail))
    assert result is not None
    assert result.state == "missing"
    assert "ArgumentError: broken" in result.found


def test_what_nvml_yields_of_each_device(nvml, monkeypatch) -> None:
    from kerascrash.cli.doctor import gpu

    for name, value in nvml.environment.items():
        monkeypatch.setenv(name, value)
    ok = f"device ok {16 << 30} {2 << 30} 0"
    nvml.answer(ok, f"device lost {16 << 30} 0 0")
    result = gpu.CHECK.examine()
    assert result.state == "ok"
    assert "GPU 0: Stand-in 9000, 2.0 GiB of 16.0 GiB in use; tells" in result.found
    assert "memory by process" in result.found
    assert "power" not in result.found
    assert "GPU 1: lost (GPU is lost)" in result.found
    monkeypatch.setattr(gpu, "PATIENCE_S", 1.5)
    nvml.answer(ok, f"device hangs {16 << 30} 0 0")
    result = gpu.CHECK.examine()
    assert result.state == "missing"
    assert "nvmlDeviceGetMemoryInfo about GPU 1 did not return" in result.found


def test_a_machine_without_nvml_is_fine(monkeypatch) -> None:
    from kerascrash.cli.doctor import gpu

    monkeypatch.setattr(gpu, "has_library", lambda _: False)
    monkeypatch.setattr(gpu.glob, "glob", lambda _: [])
    assert gpu.CHECK.examine().state == "ok"
    monkeypatch.setattr(gpu.glob, "glob", lambda _: ["/dev/nvidia0"])
    assert gpu.CHECK.examine().state == "missing"
