"""
Observe what the driver (NVML) told of the devices: lost, failing, full, and of whom.

TensorFlow and JAX take nearly all of a device when they begin, so a full one alone says
little; that others hold much of it, or that it filled up at the end, says more.
"""

from __future__ import annotations

from collections.abc import Iterator

from kerascrash.detect._facts import note
from kerascrash.detect.kernel_xid import FINDINGS, RECENT_S, STRENGTH, load_catalogue
from kerascrash.estimate.devices import Device, devices_in_use, devices_of, rise_of
from kerascrash.estimate.timeline import recording_of
from kerascrash.model.case import Case, ExitStatus, Recording
from kerascrash.model.evidence import Finding
from kerascrash.model.rules import Detector
from kerascrash.units import format_bytes

_SOURCE = "dump:devices"
_LITTLE, _MUCH = 0.1, 0.5  # of a device, held by others
_OWN = 0.8
_RISE, _RISE_S = 0.1, 60.0


def detect(case: Case) -> Iterator[Finding]:
    """Yield what each device tells."""
    recording = recording_of(case)
    if recording is None:
        return
    for device in devices_of(recording):
        yield from _health(case, recording, device)
    if not _could_be_device_memory(case, recording):
        return
    for device in devices_in_use(recording):
        if device.is_full:
            yield from _memory(recording, device)


def _health(case: Case, recording: Recording, device: Device) -> Iterator[Finding]:
    facts = device.facts
    if facts.get("state") == "lost":
        text = f"{device.label} was lost: {facts.get('reason') or 'it gave no answer'}"
        yield note("device_lost", _SOURCE, text, device=device.index)
    if facts.get("state") == "silent":
        text = f"{device.label} went silent: {facts.get('reason') or ''}".rstrip(": ")
        yield note("device_silent", _SOURCE, text, device=device.index)
    ecc = recording.find_series(f"device{device.index}_ecc_uncorrected")
    if ecc is not None and ecc.values[-1] > ecc.values[0]:
        count = ecc.values[-1] - ecc.values[0]
        text = f"{device.label}: {count} memory errors that ECC could not correct"
        yield note("device_ecc_errors", _SOURCE, text, device=device.index)
    for xid in facts.get("xids") or ():
        yield from _xid(case, device, xid.get("code"), xid.get("time"))


def _xid(
    case: Case, device: Device, code: int | None, time: float | None
) -> Iterator[Finding]:
    if code is None:
        return
    kind, text = load_catalogue().get(code, ("other", "a code not in the catalogue"))
    strength = STRENGTH.get(code, 1.0)
    if time is not None and case.death is not None and case.death - time > RECENT_S:
        strength *= 0.1
    told = f"{device.label}: error Xid {code}: {text}"
    yield note(
        FINDINGS[kind], _SOURCE, told, strength, time, code=code, device=device.index
    )


def _could_be_device_memory(case: Case, recording: Recording) -> bool:
    """Nobody is killed, or refused memory of the host, for want of a device's."""
    if isinstance(case.exit, ExitStatus) and case.exit.signal in (9, 15):
        return False
    raised = [m.data.get("type") for m in recording.marks if m.kind == "exception"]
    return raised[-1:] != ["MemoryError"]


def _memory(recording: Recording, device: Device) -> Iterator[Finding]:
    of_all = f"of the {format_bytes(device.total)} of {device.label}"
    known = {"device": device.index, "total": device.total, "used": device.used}
    others = device.others or 0
    if others > _LITTLE * device.total:
        strength = (others / device.total - _LITTLE) / (_MUCH - _LITTLE)
        who = device.biggest_other()
        text = f"{format_bytes(others)} {of_all} were held by other processes"
        named = f"{text}, most of it by {who}" if who else text
        yield note(
            "gpu_held_by_other", _SOURCE, named, strength,
            others=others, who=who, **known,
        )  # fmt: skip
    if (device.own or 0) >= _OWN * device.total:
        text = f"{format_bytes(device.own or 0)} {of_all} were its own"
        yield note("device_own_fills", _SOURCE, text, own=device.own, **known)
    rise = rise_of(recording, device, _RISE_S)
    if rise >= _RISE * device.total:
        text = f"{device.label} filled up to {format_bytes(device.used)} at the end"
        yield note("device_filled", _SOURCE, text, rise=rise, **known)


DETECTOR = Detector(
    id="devices",
    finds=(
        "device_lost",
        "device_silent",
        "device_ecc_errors",
        "gpu_held_by_other",
        "device_own_fills",
        "device_filled",
    ),
    detect=detect,
    needs=("recording",),
)
