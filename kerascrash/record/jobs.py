"""What the sampler does besides reading: each job with its clock."""

from __future__ import annotations

import time
from functools import partial

from kerascrash.dump.beside import thin_out_maps
from kerascrash.record.budget import ONCE, Job
from kerascrash.record.module_watch import catch_up
from kerascrash.record.shared_room import watch_room

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import FrameType
    from typing import Any

    from kerascrash.record.allocators import Allocators
    from kerascrash.record.recorder import Recorder
    from kerascrash.record.sampler import Sampler
    from kerascrash.record.turns import Turns

_MINUTE_S = 60.0
_FIRST_S = 0.1
_LATER_S = 0.3


def make_jobs(recorder: Recorder, sampler: Sampler) -> list[Job]:
    """Return the jobs of an armed process."""
    jobs = [
        Job("stages", recorder.end_what_is_over, every_s=0.25, free=True),
        Job("imports", catch_up, every_s=1.0),
        Job("clock", recorder.writer.clock, every_s=_MINUTE_S),
        Job("environment", partial(_environment, recorder, sampler), every_s=ONCE),
        Job("limits", partial(_limits, recorder, sampler), every_s=_MINUTE_S),
        Job("look", partial(_begin_looking, recorder, sampler), every_s=ONCE),
    ]
    for job in jobs[3:5]:
        job.first_s = _FIRST_S  # the script's own first imports go before
    jobs[5].first_s = _LATER_S
    recorder.room = watch_room(recorder)
    if recorder.room is not None:
        jobs.append(Job("shared room", recorder.room.look, every_s=0.1, free=True))
    if recorder.windows is not None:
        look = recorder.windows.look
        jobs.append(Job("profile windows", look, every_s=0.25, free=True))
    if recorder.settings.bfc_dump:
        thin_out = partial(thin_out_maps, recorder.writer.path)
        jobs.append(Job("allocator maps", thin_out, every_s=1.0, free=True))
    if recorder.settings.warn and not recorder.settings.quiet:
        jobs.append(_forewarning(recorder, sampler))
    return jobs


def _environment(recorder: Recorder, sampler: Sampler) -> None:
    from kerascrash.record.environment import describe_environment

    blob = describe_environment(
        recorder.settings, recorder.script, sampler.probed_limits(), sampler.values
    )
    outside = _outside(recorder, sampler)
    if outside is None or not recorder.writer.blob("environment", {**blob, **outside}):
        recorder.writer.blob("environment", blob)


def _outside(recorder: Recorder, sampler: Sampler) -> dict[str, Any] | None:
    """Return what the watcher must know to read our stack, None where it may not."""
    if not recorder.watcher_started or not recorder.settings.outside:
        return None
    from kerascrash.record.outside import describe_outside
    from kerascrash.record.permission import must_permit, permit_watcher

    try:
        about = describe_outside()
    except Exception as error:  # an interpreter that is not known
        recorder.hook_failed("stack from outside", error)
        return None

    def permit() -> None:
        if permit_watcher(recorder.writer.path):
            sampler.jobs.remove(job)

    job = Job("permission", permit, every_s=1.0, free=True)
    if must_permit():
        sampler.jobs.append(job)
    return {"outside": about}


def _limits(recorder: Recorder, sampler: Sampler) -> None:
    from kerascrash.record.limits import describe_limits

    blob = describe_limits(recorder.writer.path, sampler.probed_limits())
    recorder.writer.blob("limits", blob)


def _begin_looking(recorder: Recorder, sampler: Sampler) -> None:
    """Import what looks at stacks and objects, and give it its jobs."""
    # Where the descriptors are used up, no module and no source can be opened.
    from kerascrash.record import tracebacks  # noqa: F401
    from kerascrash.record.allocators import Allocators
    from kerascrash.record.sources import read_source
    from kerascrash.record.stacks import capture
    from kerascrash.record.turns import Turns

    read_source(recorder.script)
    turns = Turns(recorder)

    def stacks() -> None:
        pressed = sampler.pressure.pressed
        recorder.writer.blob("stacks", capture("pressure" if pressed else "periodic"))

    def inventory() -> None:
        cost_us = turns.request(pressed=sampler.pressure.pressed)
        sampler.budget.spend(1000 * (cost_us + recorder.take_spent_us()))

    allocators = Allocators(recorder, sampler)
    often = 1.0 if recorder.windows is None else 0.25
    recorder.on_exception = partial(_at_exception, recorder, turns, allocators)
    sampler.jobs += [
        Job("stacks", stacks, every_s=1.5, pressed_s=0.25),
        Job("inventory", inventory, every_s=1.5, pressed_s=0.15, uneven=True),
        Job("allocators", allocators.look, every_s=often, pressed_s=0.25, free=True),
    ]


def _at_exception(
    recorder: Recorder,
    turns: Turns,
    allocators: Allocators,
    frames: Mapping[int, FrameType],
) -> None:
    from kerascrash.record.stacks import capture

    allocators.look()
    recorder.writer.blob("stacks", capture("exception", frames))
    turns.after_exception(frames)


def _forewarning(recorder: Recorder, sampler: Sampler) -> Job:
    from kerascrash.record.forewarning import Forewarning

    forewarning = Forewarning()
    told: list[bool] = []

    def look() -> None:
        pressure = sampler.pressure
        if told or not pressure.limit:
            return
        step, stage = recorder.step, recorder.stage
        memory = {name: sampler.values.get(name, 0) for name in ("rss", "vms")}
        forewarning.note(time.monotonic(), pressure.headroom, step, stage, **memory)
        outlook = forewarning.outlook(pressure.limit)
        if outlook is not None:
            told.append(True)
            text = _sentence(pressure.which, pressure.limit, outlook)
            owner = recorder.growing
            recorder.warn(f"{text}; growing: `{owner}`" if owner else text)

    return Job("forewarning", look, every_s=2.0, free=True)


def _sentence(which: str, limit: int, outlook: tuple[float, int]) -> str:
    from kerascrash.units import format_bytes, format_seconds

    seconds, step = outlook
    names = {"cgroup": "the container's", "host": "this machine's"}
    near = f", near step {step:,}" if step >= 0 else ""
    return (
        f"at this growth {names.get(which, 'the ' + which)} limit of "
        f"{format_bytes(limit)} is reached in about {format_seconds(seconds)}{near}"
    )
