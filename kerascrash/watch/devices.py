"""
NVIDIA devices while the target lives: a ring of readings, and the blob ``devices``.

Shape of the blob: {driver, problem, devices [{index, name, state (a name of
``DeviceState``), reason, total, used, own, others (bytes), utilisation_percent,
temperature_c, power_mw, ecc_uncorrected, throttle [reason], xids [{code, time}],
first {used, own, others}, processes [{pid, comm, bytes, own (null: not known)}]}]}.
Where there is no NVML nothing is started and nothing written.
"""

from __future__ import annotations

import os
import time

from kerascrash.dump.clock import now_ns
from kerascrash.dump.records import DeviceState
from kerascrash.probes.gpu_nvml import NO_DEVICE, THROTTLE
from kerascrash.watch.nvml_process import NvmlProcess, has_library

TYPE_CHECKING = False  # importing typing would cost the companion 1 MiB
if TYPE_CHECKING:
    from typing import Any

    from kerascrash.dump.watcher_writer import WatcherWriter

PATIENCE_S = 15.0
"""A call that takes longer will not come back; a round of calls takes milliseconds."""
_UNCHANGED_NS = 10_000_000_000
_DESCRIBE_NS = 5_000_000_000
_WORTH = 200  # changes of memory above this part of it are recorded at once
_MOST_XIDS = 16
_DRIVERS_OWN = 0.05  # of the memory: what no process holds
_MEMORY = ("used", "own", "others")
_FACTS = ("state", "ecc_uncorrected", "xid")


class Devices:
    """Follows the devices; ``look`` is called about once a second."""

    def __init__(
        self, writer: WatcherWriter, pid: int, patience_s: float = PATIENCE_S
    ) -> None:
        self.problem = ""
        """Why nothing more is known of the devices, if that is worth a word."""
        self._writer = writer
        self._pid = pid
        self._patience_s = patience_s
        self._count = 0
        self._driver = ""
        self._rows: dict[int, dict[str, Any]] = {}
        self._recorded: dict[int, tuple[int, dict[str, int]]] = {}
        self._described = 0
        self._process: NvmlProcess | None = None
        if has_library(os.environ):
            self._start()

    def look(self) -> None:
        """
        Take in what was said; give up on a device whose call does not return.

        Never raises: the devices are the least of what is watched.
        """
        try:
            self._look()
        except Exception as error:
            self.problem = f"{type(error).__name__}: {error}"
            self.close()

    def _look(self) -> None:
        process = self._process
        if process is None:
            return
        for message in process.read():
            self._take(message)
        if process.ended:
            self._process = None
            self.problem = self.problem or "the process that asks NVML ended"
        elif time.monotonic() - process.heard > self._patience_s:
            self._give_up(process)
        self._describe()

    def finish(self) -> None:
        """Record the newest reading of every device: the target is dead."""
        self.look()
        self.close()
        try:
            for row in self._rows.values():
                self._record(row, at_once=True)
            self._describe(at_once=True)
        except Exception as error:
            self.problem = f"{type(error).__name__}: {error}"

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.end()
            self._process = None

    def _start(self) -> None:
        silent = [i for i, row in self._rows.items() if row["state"] == "silent"]
        try:
            self._process = NvmlProcess(self._pid, silent)
        except OSError as error:
            self.problem = f"the process that asks NVML: {error}"

    def _give_up(self, process: NvmlProcess) -> None:
        process.end()
        self._process = None
        index, call = process.at
        reason = f"{call} did not return within {self._patience_s:.0f} s"
        if index == NO_DEVICE:
            self.problem = reason
            return
        row = self._rows.setdefault(index, {"index": index, "name": ""})
        row |= {"state": "silent", "reason": reason}
        self._record(row)
        if any(self._state_of(i) != "silent" for i in range(self._count)):
            self._start()

    def _state_of(self, index: int) -> str:
        return str(self._rows.get(index, {}).get("state", ""))

    def _take(self, message: dict[str, Any]) -> None:
        if "problem" in message:
            self.problem = message["problem"]
        elif "driver" in message:
            self._driver, self._count = message["driver"], message["count"]
        elif "xid" in message:
            self._note_xid(message["device"], message["xid"])
        else:
            self._take_row(message)

    def _note_xid(self, index: int, code: int) -> None:
        row = self._rows.get(index)
        if row is not None:
            xids = [*row.get("xids", ()), {"code": code, "time": time.time()}]
            row["xids"] = xids[-_MOST_XIDS:]
            self._record(row)

    def _take_row(self, message: dict[str, Any]) -> None:
        index = message.pop("device")
        old = self._rows.get(index, {})
        if message["state"] != "ok":  # what was known of it last is kept
            message = {**old, **message}
        row = {**message, "index": index, "xids": old.get("xids", [])}
        row |= _shares(row)
        row["first"] = old.get("first") or {k: row[k] for k in _MEMORY if k in row}
        self._rows[index] = row
        self._record(row)

    def _record(self, row: dict[str, Any], *, at_once: bool = False) -> None:
        """Write the reading where it differs from the one written last."""
        values = {k: v for k, v in row.items() if type(v) is int}
        values["device"] = row["index"]
        values["state"] = int(DeviceState[row["state"].upper()])
        if row.get("xids"):
            values["xid"] = row["xids"][-1]["code"]
        now = now_ns()
        then, last = self._recorded.get(row["index"], (0, {}))
        if at_once or now - then > _UNCHANGED_NS or _differs(values, last):
            self._recorded[row["index"]] = (now, values)
            self._writer.device(values)
            if any(values.get(k) != last.get(k) for k in _FACTS):
                self._described = 0

    def _describe(self, *, at_once: bool = False) -> None:
        now = now_ns()
        if not at_once and now - self._described < _DESCRIBE_NS:
            return
        if not self._rows and not self.problem:
            return
        self._described = now
        blob = {"driver": self._driver, "problem": self.problem}
        rows = [
            {**row, "throttle": _reasons(row.get("throttle", 0))}
            for _, row in sorted(self._rows.items())
        ]
        if not self._writer.describe_devices({**blob, "devices": rows}):
            rows = [{**row, "processes": []} for row in rows]
            self._writer.describe_devices({**blob, "devices": rows})


def _shares(row: dict[str, Any]) -> dict[str, int]:
    """Return the bytes of the target's family and of others, as far as all tell."""
    processes = row.get("processes") or []
    if not processes and row.get("used", 0) > _DRIVERS_OWN * row.get("total", 0):
        return {}  # somebody holds it, and the driver does not tell a container whom
    found = {}
    for name, own in (("own", True), ("others", False)):
        sizes = [row["bytes"] for row in processes if row["own"] is own]
        if None not in sizes and not any(row["own"] is None for row in processes):
            found[name] = sum(sizes)
    return found


def _differs(values: dict[str, int], last: dict[str, int]) -> bool:
    worth = max(values.get("total", 0) // _WORTH, 1)
    return any(values.get(k) != last.get(k) for k in _FACTS) or any(
        abs(values.get(k, 0) - last.get(k, 0)) > worth for k in _MEMORY
    )


def _reasons(bits: int) -> list[str]:
    return [text for bit, text in THROTTLE.items() if bits & bit]
