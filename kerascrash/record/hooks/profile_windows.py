"""``KERASCRASH_PROFILE=N``: short profiler sessions, complete on disk; else nothing."""

from __future__ import annotations

from kerascrash.record.hook import Hook

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from kerascrash.record.recorder import Recorder


def _install(recorder: Recorder) -> Callable[[], None]:
    every = recorder.settings.profile_every
    if not every:
        return _nothing
    from kerascrash.record.windows import Windows

    windows = recorder.windows = Windows(recorder, every)
    recorder.on_stop.append(windows.stop)
    windows.install()
    return windows.remove


def _nothing() -> None:
    """There is nothing to take out."""


HOOK = Hook("profile_windows", _install)
