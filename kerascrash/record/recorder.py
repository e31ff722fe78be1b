"""
What the hooks and the sampler share: the dump, the stage, the step.

Every method may be called from any thread and never raises. In a forked child the
recorder is detached: its calls do nothing, the parent's dump stays the parent's.
"""

from __future__ import annotations

import os
import time

from kerascrash.dump.records import EventKind, Stage
from kerascrash.record.hook import find_hooks, load_hook
from kerascrash.record.say import say
from kerascrash.record.sources import excerpt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import FrameType
    from typing import Any

    from kerascrash.dump.writer import DumpWriter
    from kerascrash.record.sampler import Sampler
    from kerascrash.record.settings import Settings
    from kerascrash.record.shared_room import SharedRoom
    from kerascrash.record.training_facts import TrainingFacts
    from kerascrash.record.windows import Windows


_SHOWN_STAGES = 100
_WATCHER_STARTS_S = 5.0
_STALE_S = 10.0


class StageEntry:
    """A stage that has begun and not ended."""

    __slots__ = ("lingering", "shown", "stage")

    def __init__(self, stage: Stage, *, lingering: bool, shown: bool) -> None:
        self.stage = stage
        self.lingering = lingering
        self.shown = shown


class Recorder:
    """The recording of this process; made by ``arming``, one at most."""

    def __init__(self, writer: DumpWriter, settings: Settings, script: str) -> None:
        self.writer = writer
        self.settings = settings
        self.script = script
        self.final_path: str | None = None
        """Where the watcher will put the dump, if its ring is not there now."""
        self.parent_dump: str | None = None
        """Of the armed process that this one works for."""
        self.pid = os.getpid()
        self.detached = False
        self.stage = Stage.NONE
        self.epoch = -1
        self.step = -1
        self.batch_size = -1
        self.latest_batch_size = -1
        self.facts: TrainingFacts | None = None
        self.at_model_seen: Callable[[], None] | None = None
        self.at_traced: Callable[[], bool] | None = None
        """Called after each trace until it returns True: a graph is there, unrun."""
        self.steps_per_epoch = -1
        self.last_step_at_ns = 0
        self.exception_seen = False
        self.dismissed = False
        """Asked to end by its user, as a notebook's kernel is."""
        self.at_step: Callable[[], None] | None = None
        """Set when something waits for a step boundary; cleared there."""
        self.windows: Windows | None = None
        """Where the user asked for profile windows."""
        self.room: SharedRoom | None = None
        """Looks at shared memory's room between steps too."""
        self.growing: str | None = None
        """Owner that grew most at the last scan."""
        self.spent_elsewhere_us = 0
        """Spent on the user's thread since the sampler last asked."""
        self.on_exception: Callable[[Mapping[int, FrameType]], None] | None = None
        """Takes stacks and inventory while the exception's frames are still there."""
        self.on_stop: list[Callable[[], None]] = []
        self.ends: list[tuple[StageEntry, Callable[[], bool]]] = []
        """Lingering stages, and how the sampler sees that one is over."""
        self.sampler: Sampler | None = None
        self._stages: list[StageEntry] = []
        self.watcher_started = False
        self._armed_at = time.monotonic()
        self._shown: dict[tuple[Stage, str, int], int] = {}
        self._removers: dict[str, Callable[[], None]] = {}

    def install_hooks(self) -> None:
        """Install every hook found; one that fails is noted and left out."""
        for name in find_hooks():
            try:
                hook = load_hook(name)
                self._removers[hook.name] = hook.install(self)
            except Exception as error:
                self.hook_failed(name, error)

    def hook_failed(self, name: str, error: BaseException) -> None:
        """Take the hook out and count the failure in the dump."""
        remove = self._removers.pop(name, None)
        try:
            if remove is not None:
                remove()
        except Exception as another:
            error = another
        detail = f"{type(error).__name__}: {error}"[:300]
        self.event(EventKind.HOOK_FAILED, hook=name, error=detail)

    def event(self, kind: EventKind, **data: Any) -> None:
        if not self.detached:
            self.writer.event(kind, data)

    def note_exception(
        self, facts: dict[str, Any], frames: Mapping[int, FrameType]
    ) -> None:
        """Record an uncaught exception, and what was held when it was raised."""
        if self.windows is not None:
            self.windows.close()
        self.event(EventKind.EXCEPTION, **facts)
        if self.on_exception is not None and not self.detached:
            self.on_exception(frames)

    def warn(self, text: str) -> None:
        """Tell the user one line, and keep it in the dump."""
        self.event(EventKind.WARNING, text=text)
        if not self.settings.quiet and not self.detached:
            say(text)

    def begin_stage(
        self, stage: Stage, where: dict[str, Any] | None, *, lingering: bool = False
    ) -> StageEntry:
        """
        Enter a stage; give the entry returned to ``end_stage``.

        A ``lingering`` stage has no end that can be seen: it ends when another begins.
        """
        for entry in [each for each in self._stages if each.lingering]:
            self.end_stage(entry)
        count = self._count(stage, where)
        shown = count <= _SHOWN_STAGES or count % _SHOWN_STAGES == 0
        entry = StageEntry(stage, lingering=lingering, shown=shown)
        self._stages.append(entry)
        if shown:
            # Imports are many; where they stand the sampler's stacks tell.
            if where and count == 1 and stage is not Stage.IMPORT:
                where = {**where, "excerpt": excerpt(where["file"], where["line"])}
            self.event(EventKind.STAGE_BEGIN, stage=stage.name, where=where)
        self._set_stage(stage)
        return entry

    def end_stage(self, entry: StageEntry, *, ok: bool = True, **more: Any) -> None:
        """Leave a stage, and what was entered in it and left by an exception."""
        try:
            index = self._stages.index(entry)
        except ValueError:
            return
        del self._stages[index:]
        if entry.shown:
            self.event(EventKind.STAGE_END, stage=entry.stage.name, ok=ok, **more)
        self._set_stage(self._stages[-1].stage if self._stages else Stage.NONE)

    def _count(self, stage: Stage, where: dict[str, Any] | None) -> int:
        """
        Return the how-many-eth stage of its place this is.

        A loop that predicts at every step must not fill the ring of events.
        """
        key = (stage, where["file"], where["line"]) if where else (stage, "", 0)
        count = self._shown[key] = self._shown.get(key, 0) + 1
        return count

    def _set_stage(self, stage: Stage) -> None:
        self.stage = stage
        if self.windows is not None:
            self.windows.close()
        self.progress(-1, -1)

    def progress(self, step_in_epoch: int, step_ns: int, flags: int = 0) -> None:
        """Record where the training is."""
        if not self.detached:
            self.writer.progress(
                self.stage, self.epoch, self.step, step_in_epoch,
                self.steps_per_epoch, self.batch_size, step_ns, flags,
            )  # fmt: skip

    def use_latest_batch_size(self) -> None:
        """Steps from here on have the batch size of the data seen last."""
        self.batch_size = self.latest_batch_size

    def take_spent_us(self) -> int:
        """Return what was spent on the user's thread, for the sampler's budget."""
        spent, self.spent_elsewhere_us = self.spent_elsewhere_us, 0
        return spent

    def begin_step(self, step: int, step_in_epoch: int) -> None:
        """
        Mark that global ``step`` (from 0) begins now, on the thread that trains.

        What waits for a step boundary gets its turn first: nothing of the user's
        changes meanwhile.
        """
        waiting = self.at_step
        if waiting is not None:
            self.at_step = None
            waiting()
        if self.windows is not None:
            self.windows.at_step(step)
        now = time.monotonic_ns()
        if self.room is not None:
            self.room.at_step(now)
        steps = step - self.step
        since = now - self.last_step_at_ns
        taken = since // steps if self.last_step_at_ns and steps > 0 else -1
        self.step = step
        self.last_step_at_ns = now
        if not self.detached:
            self.writer.progress(
                self.stage, self.epoch, step, step_in_epoch,
                self.steps_per_epoch, self.batch_size, taken,
            )  # fmt: skip

    def end_what_is_over(self) -> None:
        """End the lingering stages that nobody else ends; for the sampler."""
        for pair in list(self.ends):
            if pair[1]():
                self.ends.remove(pair)
                self.end_stage(pair[0])

    def stop(self) -> None:
        """End the recording's own activities (the sampler thread)."""
        for stop in self.on_stop:
            try:
                stop()
            except Exception:
                continue

    def is_watched(self) -> bool:
        """Return whether a watcher lives that will remove or seal the dump."""
        if not self.watcher_started:
            return False
        if time.monotonic() - self._armed_at < _WATCHER_STARTS_S:
            return True
        try:  # it brings its copy of the dump up to date each second
            return time.time() - os.stat(self.writer.path + ".sync").st_mtime < _STALE_S
        except OSError:
            return False

    def detach(self) -> None:
        """Forget the dump: called in a forked child, which must never write to it."""
        self.detached = True
        self.at_step = self.on_exception = self.windows = self.room = None
        self.on_stop = []
