"""What the sampler does besides reading: each job with its clock, dearest last."""

from __future__ import annotations

from kerascrash.record.budget import Job
from kerascrash.record.module_watch import catch_up

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kerascrash.record.recorder import Recorder
    from kerascrash.record.sampler import Sampler

_MINUTE_S = 60.0


def make_jobs(recorder: Recorder, sampler: Sampler) -> list[Job]:
    """Return the jobs of an armed process."""

    def environment() -> None:
        from kerascrash.record.environment import describe_environment

        limits = sampler.probed_limits()
        blob = describe_environment(
            recorder.settings, recorder.script, limits, sampler.values
        )
        recorder.writer.blob("environment", blob)

    def limits() -> None:
        from kerascrash.record.limits import describe_limits

        path = recorder.writer.path
        recorder.writer.blob("limits", describe_limits(path, sampler.probed_limits()))

    return [
        Job("stages", recorder.end_what_is_over, every_s=0.25),
        Job("imports", catch_up, every_s=1.0),
        Job("clock", recorder.writer.clock, every_s=_MINUTE_S),
        Job("environment", environment, every_s=float("inf"), first_s=0.1),
        Job("limits", limits, every_s=_MINUTE_S, first_s=0.1),
    ]
