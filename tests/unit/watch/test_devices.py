"""NVML through the real pynvml: devices that answer, hang, are lost or not there."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kerascrash.dump.reader import read_dump
from kerascrash.dump.records import DeviceState
from kerascrash.dump.watcher_writer import open_watcher_writer
from kerascrash.dump.writer import create_dump
from kerascrash.watch.devices import Devices
from kerascrash.watch.nvml_process import has_library

ROOT = Path(__file__).resolve().parents[3]
GIB = 1 << 30
DEVICE = f"device {{}} {16 * GIB} {{}} 0"


@pytest.fixture
def watch(nvml, monkeypatch, tmp_path):
    """Return a function that watches this process until a condition holds."""
    for name, value in nvml.environment.items():
        monkeypatch.setenv(name, value)
    made = []

    def begin(patience_s=10.0):
        path = create_dump(tmp_path / "t.bin", identity={"pid": os.getpid()}).path
        made.append(Devices(open_watcher_writer(path), os.getpid(), patience_s))
        return made[-1], path

    yield begin
    for devices in made:
        devices.close()


def look_until(devices, path, condition):
    give_up = time.monotonic() + 30
    while time.monotonic() < give_up:
        devices.look()
        dump = read_dump(path)
        if condition(dump):
            return dump
        time.sleep(0.05)
    raise AssertionError(
        f"in vain; {devices.problem!r}, {read_dump(path).device_samples}"
    )


def states(dump):
    return {s.values["device"]: s.values["state"] for s in dump.device_samples}


def test_two_devices_and_who_holds_their_memory(nvml, watch) -> None:
    pid = os.getpid()
    nvml.answer(
        DEVICE.format("ok", 9 * GIB), DEVICE.format("ok", GIB),
        f"process 0 {pid} {5 * GIB}", f"process 0 {os.getppid()} {3 * GIB}",
    )  # fmt: skip
    devices, path = watch()
    look_until(devices, path, lambda dump: len(states(dump)) == 2)
    nvml.answer(
        DEVICE.format("ok", 15 * GIB), DEVICE.format("ok", GIB),
        f"process 0 {pid} {11 * GIB}", f"process 0 {os.getppid()} {3 * GIB}",
    )  # fmt: skip
    dump = look_until(devices, path, lambda dump: len(dump.device_samples) > 2)
    first = [s.values for s in dump.device_samples if s.values["device"] == 0]
    assert [v["used"] for v in first] == [9 * GIB, 15 * GIB]
    assert [v["own"] for v in first] == [5 * GIB, 11 * GIB]
    assert {v["others"] for v in first} == {3 * GIB}
    assert (first[0]["temperature_c"], first[0]["utilisation_percent"]) == (71, 87)
    assert "power_mw" not in first[0]
    devices.finish()
    dump = read_dump(path)
    row = dump.blobs["devices"].data["devices"][0]
    assert (row["name"], row["state"]) == ("Stand-in 9000", "ok")
    assert row["throttle"] == ["thermal slowdown by the hardware"]
    assert row["first"]["own"] == 5 * GIB
    assert {p["pid"]: p["own"] for p in row["processes"]} == {
        pid: True,
        os.getppid(): False,
    }


def test_a_call_that_hangs_costs_its_device_alone(nvml, watch) -> None:
    nvml.answer(DEVICE.format("ok", GIB), DEVICE.format("hangs", GIB))
    devices, path = watch(patience_s=1.5)
    look_until(
        devices, path, lambda dump: states(dump).get(1) == DeviceState.SILENT.value
    )
    nvml.answer(DEVICE.format("ok", 8 * GIB), DEVICE.format("hangs", GIB))
    dump = look_until(
        devices,
        path,
        lambda dump: any(s.values.get("used") == 8 * GIB for s in dump.device_samples),
    )
    devices.finish()
    rows = read_dump(path).blobs["devices"].data["devices"]
    assert [row["state"] for row in rows] == ["ok", "silent"]
    assert "nvmlDeviceGetMemoryInfo did not return" in rows[1]["reason"]
    assert states(dump)[0] == DeviceState.OK.value
    assert devices.problem == ""


def test_a_device_that_is_lost_keeps_what_was_known(nvml, watch) -> None:
    nvml.answer(DEVICE.format("ok", 7 * GIB), DEVICE.format("ok", GIB))
    devices, path = watch()
    look_until(devices, path, lambda dump: len(states(dump)) == 2)
    nvml.answer(DEVICE.format("lost", 7 * GIB), DEVICE.format("ok", GIB), "xid 0 79")
    dump = look_until(devices, path, lambda dump: states(dump)[0] == DeviceState.LOST)
    devices.finish()
    dump = read_dump(path)
    lost, well = dump.blobs["devices"].data["devices"]
    assert (lost["state"], lost["used"], well["state"]) == ("lost", 7 * GIB, "ok")
    assert [xid["code"] for xid in lost["xids"]] == [79]
    assert dump.device_samples[-2].values["xid"] == 79


def test_memory_that_no_listed_process_holds_is_nobodys(nvml, watch) -> None:
    nvml.answer(DEVICE.format("ok", 8 * GIB), DEVICE.format("ok", 0))
    devices, path = watch()
    dump = look_until(devices, path, lambda dump: len(states(dump)) == 2)
    values = {s.values["device"]: s.values for s in dump.device_samples}
    assert not {"own", "others"} & set(values[0])
    assert (values[1]["own"], values[1]["others"]) == (0, 0)


def test_no_driver_is_told_once_and_nothing_is_asked_again(nvml, watch) -> None:
    devices, path = watch()  # the stand-in has no devices: no driver
    give_up = time.monotonic() + 20
    while not devices.problem and time.monotonic() < give_up:
        devices.look()
        time.sleep(0.05)
    assert devices.problem == "Uninitialized"
    devices.finish()
    assert read_dump(path).device_samples == []


def test_without_the_library_nothing_is_started(watch, monkeypatch) -> None:
    monkeypatch.delenv("LD_LIBRARY_PATH")
    if has_library(os.environ):
        pytest.skip("this machine has the library")
    before = set(os.listdir(f"/proc/{os.getpid()}/task"))
    started = []
    monkeypatch.setattr(os, "posix_spawn", lambda *a, **k: started.append(a))
    devices, path = watch()
    devices.look()
    devices.finish()
    assert (started, devices.problem) == ([], "")
    assert "devices" not in read_dump(path).blobs
    assert set(os.listdir(f"/proc/{os.getpid()}/task")) == before


def test_it_dies_with_the_watcher_even_within_a_call(nvml, tmp_path) -> None:
    nvml.answer(DEVICE.format("hangs", GIB))
    create_dump(tmp_path / "t.bin", identity={"pid": os.getpid()})
    body = (
        "import sys, time, kerascrash.watch.nvml_process as p\n"
        "child = p.NvmlProcess(int(sys.argv[1]), ())\n"
        "while child.at[1] != 'nvmlDeviceGetMemoryInfo':\n"
        "    child.read(); time.sleep(0.02)\n"
        "print(child._pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    watcher = subprocess.Popen(
        [sys.executable, "-c", body, str(os.getpid())],
        env={**os.environ, **nvml.environment, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert watcher.stdout is not None
    child = int(watcher.stdout.readline())
    assert os.path.exists(f"/proc/{child}")
    watcher.send_signal(signal.SIGKILL)
    watcher.wait()
    give_up = time.monotonic() + 10
    while is_running(child) and time.monotonic() < give_up:
        time.sleep(0.01)
    assert not is_running(child)


def is_running(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"
