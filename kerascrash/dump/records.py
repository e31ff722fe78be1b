"""
What the slots mean: sample fields, event kinds, stages, names of blobs.

Sample payloads are signed 64-bit integers, one per field name of the section
(the header carries the names, so fields can be added without a new format);
``ABSENT`` marks a reading that could not be taken. Sizes are bytes, times
nanoseconds unless the name says ``_us``.
"""

from __future__ import annotations

import enum
import struct

ABSENT = -1

COMMON_FIELDS = (
    "rss",  # resident set: anonymous + file + shared
    "anon",
    "file",
    "shmem",
    "swap",
    "vms",
    "rss_peak",  # VmHWM
    "threads",
    "major_faults",
    "cpu_us",  # user + system time of the process
    "children",  # live descendants
    "children_rss",
    "host_total",
    "host_available",
    "swap_free",
    "cgroup_current",  # usage at the level that has the least headroom
    "cgroup_limit",  # that level's limit
    "cgroup_headroom",  # limit - current there, reclaimable cache not counted as used
    "cgroup_peak",
    "psi_some_us",  # cumulative memory stall, cgroup's own file if there is one
    "psi_full_us",
)
RECORDER_FIELDS = (
    *COMMON_FIELDS,
    "fds",
    "step",
    "epoch",
    "stage",
    "interval_us",
    "device_used",  # the framework's allocator, device nearest to its limit
    "device_limit",
)
WATCHER_FIELDS = (
    *COMMON_FIELDS,
    "state",  # ord() of the state letter in /proc/PID/stat
    "interval_us",  # what the clock was set to
)

DEVICE_FIELDS = (
    "device",  # index as the driver counts
    "state",  # a value of DeviceState
    "total",  # bytes of memory
    "used",  # by anybody
    "own",  # by the target and its descendants
    "others",  # by other processes that are listed
    "utilisation_percent",
    "temperature_c",
    "power_mw",
    "ecc_uncorrected",  # since the driver was loaded
    "throttle",  # bits, see the blob's names
    "xid",  # the last one seen during this run
)
"""One record tells of one device. An unchanged device is recorded each 10 s."""

PROGRESS = struct.Struct("<HHiqqqqq")
"""stage, flags (``PROGRESS_IDLE`` or 0), epoch (from 0; -1 none), global step (from
0; -1 none), step in the epoch, steps per epoch (-1 unknown), batch size (-1 unknown),
duration of the last step in ns (-1 unknown)."""
PROGRESS_IDLE = 1
"""Nothing of the stage was going on any more when this was written. Of a stage whose
end nobody sees (``BUILD``) it is the end if nothing of it follows soon."""
IDLE_IS_OVER_S = 0.5
"""So soon."""


class Stage(enum.IntEnum):
    """What the training is doing; stages nest, the innermost one is recorded."""

    NONE = 0
    IMPORT = 1
    DATA = 2
    BUILD = 3
    COMPILE = 4
    FIT = 5
    EVALUATE = 6
    PREDICT = 7
    CUSTOM = 8  # a custom loop, told from optimizer steps
    CHECKPOINT = 9
    EXIT = 10


class DeviceState(enum.IntEnum):
    """What the driver last made of a device."""

    OK = 0
    LOST = 1  # fallen off the bus, or in need of a reset
    SILENT = 2  # a call about it did not come back
    FAILED = 3  # its memory cannot be read


class EventKind(enum.IntEnum):
    """Kinds of event; the payload is a JSON object with the keys given."""

    STAGE_BEGIN = 1  # stage (name), where {file, line, function, excerpt} | null
    STAGE_END = 2  # stage, ok (bool), path (of a checkpoint that failed)
    EPOCH_BEGIN = 3  # epoch
    EPOCH_END = 4  # epoch, steps
    CHECKPOINT = 5  # path, step, epoch, size, free, total (bytes or null)
    EXCEPTION = 6  # type, message, thread, traceback [[file, line, function, source]],
    # cause
    WARNING = 7  # text: what the recorder told the user
    HOOK_FAILED = 8  # hook, error: the hook is taken out
    CLOCK = 9  # realtime_ns, monotonic_ns, boottime_ns: once a minute
    LIMIT_CHANGED = 10  # which, old, new
    CHILD = 11  # pid, how (fork/spawn/subprocess), command, dump | null, ended | null
    LOG_DIR = 12  # path, what (tensorboard/profiler)
    EXIT = 13  # status (int | null), how: "main finished", "SystemExit", "os._exit"
    SIGNAL = 14  # number, name: seen by Python, not handled by us
    BATCH = 15  # stage, batch_size, shapes [[name, shape, dtype]]: each new shape once
    RETRACE = 16  # function, count, file, line, …: see record/tracing.py
    SETTING = 17  # name, value, problem: a setting that was not understood
    LOADING = 18  # shape, dtype, bytes, where: an array is about to be read from a file
    SHARED_ROOM = 19  # path, total, free, before, since_us, own: see
    # record/shared_room.py; the room of a tmpfs has halved, or is four times as wide


BLOB_NAMES = (
    "environment", "models", "inventory", "stacks", "pipelines", "limits",
    "allocators",
    "devices",
)  # fmt: skip
"""Each is one JSON object; the shapes are given in the docstrings of the modules that
write them: record/environment.py, record/models.py, record/inventory.py, …
``devices`` alone is the watcher's: watch/devices.py."""


class State(str, enum.Enum):
    """Life of a dump, in its superblock."""

    RECORDING = "recording"
    FINISHED = "finished"  # the main script ended; the interpreter may die yet
    DISMISSED = "dismissed"  # its user has asked a notebook's kernel to end
    SEALED = "sealed"  # the watcher has written a certificate
