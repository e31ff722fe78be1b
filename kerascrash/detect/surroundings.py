"""
Observe the machine around the process: daemons that kill, features the processor lacks.

That a daemon runs does not say that it struck; it only makes it possible.
"""

from __future__ import annotations

from collections.abc import Iterator

from kerascrash.detect._facts import note
from kerascrash.estimate.resident import certificate_of, last_reading
from kerascrash.estimate.timeline import recording_of
from kerascrash.model.case import Case
from kerascrash.model.evidence import Finding
from kerascrash.model.rules import Detector

_OOM_DAEMONS = {"earlyoom", "systemd-oomd", "nohang", "nohang-desktop", "oomd"}


def detect(case: Case) -> Iterator[Finding]:
    """Yield daemons of the certificate and what the processor cannot do."""
    running = sorted(_OOM_DAEMONS & set(certificate_of(case).get("daemons") or ()))
    if running:
        text = f"a daemon that kills when memory is short was running: {running[0]}"
        yield note("oom_daemon_running", "dump:certificate", text, daemon=running[0])
        if _host_was_short(case):
            text = f"memory was short enough for {running[0]} to strike"
            yield note("oom_daemon_had_reason", "dump:samples", text)
    recording = recording_of(case)
    environment = recording.environment if recording else {}
    flags = environment.get("cpu_flags")
    x86 = str(environment.get("machine") or "") in ("x86_64", "AMD64", "i686")
    # An empty list means that the flags could not be read.
    if x86 and isinstance(flags, list) and flags and "avx" not in flags:
        text = "the processor has no AVX, which prebuilt TensorFlow needs"
        yield note("cpu_lacks_avx", "dump:environment", text)


def _host_was_short(case: Case) -> bool:
    """Daemons strike when a tenth is left (earlyoom's default) or a little sooner."""
    total, free = last_reading(case, "host_total"), last_reading(case, "host_available")
    return bool(total) and free is not None and free < 0.12 * (total or 0)


DETECTOR = Detector(
    id="surroundings",
    finds=("oom_daemon_running", "oom_daemon_had_reason", "cpu_lacks_avx"),
    detect=detect,
)
