"""
Arming: settings, dump, hooks, sampler, watcher, in this order, and never an exception.

Whatever goes wrong, the training goes on: at worst unarmed, with one line that says so.
"""

from __future__ import annotations

import os
import sys

from kerascrash.dump.records import EventKind
from kerascrash.record import identity
from kerascrash.record.announce import announce_previous
from kerascrash.record.companion import start_watcher
from kerascrash.record.filesystem import filesystem_of, is_memory
from kerascrash.record.folder import prune_folder, remove_dump
from kerascrash.record.opening import open_dump
from kerascrash.record.recorder import Recorder
from kerascrash.record.sampler import start_sampler
from kerascrash.record.say import say
from kerascrash.record.settings import Settings, read_settings

_recorder: Recorder | None = None
_pid = 0


def arm() -> None:
    """Arm this process; does nothing when it is armed, or forked from an armed one."""
    global _pid
    if _pid:
        return
    _pid = os.getpid()
    try:
        settings = read_settings(os.environ)
        if settings.enabled is not False:
            _arm(settings)
    except Exception as error:  # the training must go on
        _give_up(error)


def current_recorder() -> Recorder | None:
    """Return the recorder of this process, None when it is not armed."""
    return _recorder


def _arm(settings: Settings) -> None:
    global _recorder
    before_exec = identity.find_own_before_exec(os.environ)
    if before_exec is not None:  # that program is over; this one has the same pid
        remove_dump(before_exec)
    parent_dump = identity.find_parent(os.environ)
    opened = open_dump(settings, parent_dump)
    if opened is None:
        return
    recorder = _recorder = Recorder(opened.writer, settings, identity.find_script())
    recorder.final_path = opened.final_path
    recorder.parent_dump = parent_dump
    _tell_problems(recorder, opened.folder)
    if parent_dump is None:
        announce_previous(recorder, opened.folder)
        _watch(recorder)
    identity.name_parent(os.environ, opened.writer.path)
    recorder.install_hooks()
    start_sampler(recorder)
    if parent_dump is None:
        prune_folder(opened.folder)


def _give_up(error: Exception) -> None:
    """Leave nothing half armed behind."""
    if _recorder is not None:
        _recorder.stop()
        _recorder.detach()
        remove_dump(_recorder.writer.path)
    say(f"not armed, the training goes on without: {type(error).__name__}: {error}")


def _tell_problems(recorder: Recorder, folder: str) -> None:
    for name, value, problem in recorder.settings.problems:
        recorder.event(EventKind.SETTING, name=name, value=value[:200], problem=problem)
        if not recorder.settings.quiet:
            say(f"{name}={value[:80]}: {problem}")
    if is_memory(filesystem_of(folder)):
        recorder.warn(
            f"{folder} lies in memory (tmpfs): a dump there survives the process but "
            "not the machine or container; set KERASCRASH_DIR to a folder on disk"
        )


def _watch(recorder: Recorder) -> None:
    linux = sys.platform == "linux"
    if not recorder.settings.watcher or not linux or recorder.pid == 1:
        return  # the kernel would end a watcher of PID 1 together with it
    try:
        start_watcher(recorder.writer.path)
        recorder.watcher_started = True
    except Exception as error:  # the dump alone must carry the case then
        detail = f"the watcher could not be started: {error}"
        recorder.event(EventKind.WARNING, text=detail[:300])
