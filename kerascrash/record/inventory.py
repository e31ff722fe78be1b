"""
The inventory: which of the user's names hold how much memory, and how it grows.

Writes the ``inventory`` blob: {time_ns, step, reason ("periodic", "step", "pressure",
"exception"), complete (False: the budget ran out, older figures stand in), scan_us,
total_bytes (without mapped files), entries [{owner, path, scope ("module", "frame",
"instance", "class"), type, kind, count, bytes, estimated, element {type, shape,
dtype, graph (True: the elements keep what computed them), inside (a type within
them whose memory is native, as ``GradientTape``)} | null, dtypes {name: bytes},
device ("host", "GPU:0", "mapped file"), growth_bytes_per_step, growth_count_per_step,
growth_bytes_per_second, history [[step, unix seconds, bytes]], place {file, line,
function, excerpt [[number, text]], made_by [calls that made what the line adds]} |
null, place_how ("append", "extend", "setitem", "augassign", "assign", "call") | null}],
biggest first}.

It can be wrong by what it does not see: objects that only a library holds, values of
names in class bodies that are still running, and up to 3.11 the locals of functions
that call ``locals()`` and its like. Between scans nothing of the user's is referenced.

Python's garbage collector is left as it is: to hold it off, even for a scan, would be
seen by a program that saves and restores ``gc.isenabled()`` (as ``timeit`` does), and
undo what it sets meanwhile. So a collection may fall into a scan, as into any code.
"""

from __future__ import annotations

import _thread
import sys
import time

from kerascrash.record import frames as frames_module
from kerascrash.record.entries import Entries
from kerascrash.record.growth import Growth
from kerascrash.record.kinds import Kinds
from kerascrash.record.leaf import MAPPED
from kerascrash.record.lines import Lines
from kerascrash.record.mainthread import DONE, REFUSED, MainThread
from kerascrash.record.recall import Memory
from kerascrash.record.roots import UserModules
from kerascrash.record.signal_errors import raised_by_signal_handler
from kerascrash.record.sizing import Sizers
from kerascrash.record.survey import Survey
from kerascrash.record.tally import distinct
from kerascrash.record.tapes import note_step

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import FrameType
    from typing import Any

    from kerascrash.record.tally import Node

WAIT_S, PRESSED_WAIT_S, STUCK_WAIT_S = 0.3, 0.05, 0.01
"""How long the sampler waits for the main thread to come by: on a busy machine it may
just not be scheduled; when it stands where it stood at the last vain try, it is inside
a long call into native code."""
AWAY_US = 1200
"""Budget of a slice on another thread. With ``PREEMPTED_AWAY`` times as much in elapsed
time it stays below CPython's switch interval of 5 ms, so that the GIL is not taken from
us while we hold something of the user's."""
PARSED, URGENT_PARSED = 4 << 10, 512 << 10
"""Characters of source that one scan may parse; a file that was begun is finished."""
URGENT = frozenset(("pressure", "exception"))


class Inventory:
    """
    Scans when told to; keeps names, numbers and ids between scans.

    ``settings`` are the recorder's; their ``source`` is read from the environment by
    ``sources``.
    """

    def __init__(self, settings: object = None) -> None:
        self.settings = settings
        self._modules = UserModules()
        self._kinds = Kinds(Sizers(), self._modules.files)
        self._growth = Growth()
        self._lines = Lines()
        self._memory = Memory()
        self._main = MainThread()
        self._busy = _thread.allocate_lock()
        self._last: dict[str, Any] = {}
        self._stuck_at = (0, 0)
        frames_module.prepare()

    def scan(
        self,
        reason: str,
        step: int,
        deadline_us: int,
        frames: Mapping[int, FrameType] | None = None,
    ) -> dict[str, Any]:
        """
        Return the blob after spending about ``deadline_us`` on looking at objects.

        On the main thread it scans there; from another one it asks the main thread to,
        and scans itself when no answer comes in time. ``frames`` are given after an
        exception: thread → innermost frame. Never raises, except what a signal handler
        of the user's raises meanwhile on the main thread.
        """
        if not self._busy.acquire(blocking=False):
            return self._last
        try:
            self._last = self._scan(reason, step, deadline_us, frames)
        except Exception as error:
            if raised_by_signal_handler(error):
                raise
            self._last = {**self._empty(reason, step), "error": repr(error)[:300]}
        finally:
            self._kinds.forget()
            self._lines.end()
            self._busy.release()
        return self._last

    def _scan(
        self, reason: str, step: int, deadline_us: int, frames: Any
    ) -> dict[str, Any]:
        self._memory.begin()
        self._growth.begin()
        self._modules.refresh()
        note_step(step)
        survey = self._look(reason, deadline_us, frames)
        blob = self._empty(reason, step)
        blob["complete"] = survey.complete
        self._note_growth(step, time.time())
        blob["entries"] = self._write(reason, survey)
        blob["total_bytes"] = self._total()
        blob["scan_us"] = survey.cost_us
        return blob

    def _write(self, reason: str, survey: Survey) -> list[dict[str, Any]]:
        entries = Entries(self._growth)
        for unit in self._memory.units.values():
            if unit.node is not None:
                entries.add(unit.node)
        parsed = URGENT_PARSED if reason in URGENT else PARSED
        self._lines.begin(parsed, survey.stack, list(self._modules.files.values()))
        return entries.write(self._lines)

    def _look(self, reason: str, deadline_us: int, frames: Any) -> Survey:
        """Look at the objects, on the main thread if it can be had."""
        survey = Survey(self._memory, self._kinds, self._modules)
        if frames is not None or _thread.get_ident() == self._main.ident:
            traced = frames is None and _is_traced()
            survey.run(deadline_us, frames, traced=traced)
            return survey
        wait = PRESSED_WAIT_S if reason in URGENT else WAIT_S
        outcome = self._main.call(
            lambda: survey.run(deadline_us, None, traced=False), wait
        )
        if outcome != DONE:
            traced = self._main.traced or outcome == REFUSED
            survey = Survey(self._memory, self._kinds, self._modules)
            survey.run(min(deadline_us, AWAY_US), None, traced=traced, away=True)
        return survey

    def _where_main_stands(self) -> tuple[int, int]:
        frame = sys._current_frames().get(self._main.ident or 0)  # noqa: SLF001
        return (id(frame), frame.f_lasti) if frame is not None else (0, -1)

    def _note_growth(self, step: int, now: float) -> None:
        """
        Add a point for every name that was looked at in this scan.

        Of a name cut short, what was measured before counts too, unless some of the
        instances that hold a thing of the same name are missing.
        """
        named: dict[str, list[Node]] = {}
        fresh: dict[str, bool] = {}
        partial: set[str] = set()
        for unit in self._memory.units.values():
            nodes = [unit.node] if unit.node is not None else []
            for node in nodes:
                nodes += node.children  # grows while it is walked: breadth first
                named.setdefault(node.key, []).append(node)
                if node.scan == self._memory.scan:
                    fresh[node.key] = fresh.get(node.key, False) or unit.cut
                if node.partial:
                    partial.add(node.key)
        for key, cut in fresh.items():
            if key in partial:
                continue
            nodes = distinct(named[key])
            size = round(sum(node.total() for node in nodes))
            count = sum(node.count for node in nodes)
            track, holders = self._growth.of(key), len(nodes)
            track.note(step, now, size, count, holders=holders, partly=cut)

    def _total(self) -> int:
        total = 0.0
        for unit in self._memory.units.values():
            if unit.node is not None:
                unit_total = unit.node.total()
                total += unit_total - unit.node.tally.devices.get(MAPPED, 0.0)
        return round(total)

    def _empty(self, reason: str, step: int) -> dict[str, Any]:
        return {
            "time_ns": time.clock_gettime_ns(_CLOCK),
            "step": step,
            "reason": reason,
            "complete": False,
            "scan_us": 0,
            "total_bytes": 0,
            "entries": [],
        }


_CLOCK = getattr(time, "CLOCK_BOOTTIME", getattr(time, "CLOCK_MONOTONIC", 0))


def _is_traced() -> bool:
    return sys.gettrace() is not None or sys.getprofile() is not None
