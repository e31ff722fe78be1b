"""The end of a dump: removed after a clean exit, sealed and durable after a death."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import time

from kerascrash.dump.beside import move_traces, remove_traces, tidy_traces
from kerascrash.dump.empty_folder import remove_if_empty
from kerascrash.dump.records import State
from kerascrash.watch.certificate import build_certificate

TYPE_CHECKING = False  # importing typing would cost the companion 1 MiB
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from kerascrash.watch.exit_status import ExitStatus
    from kerascrash.watch.observer import Observer


_DISMISSED = (None, 0, signal.SIGINT, signal.SIGTERM, signal.SIGKILL)
"""Wait statuses of what was asked to end; death by a signal is that signal's number."""


def ended_well(state: str, status: ExitStatus) -> bool:
    """
    Tell whether a main process's end is clean: its script finished, with status 0.

    Where the status cannot be known, that the script finished decides. A notebook's
    kernel that its user has asked to end is then ended by its server if it must be.
    """
    if state == State.DISMISSED.value:
        return status.raw in _DISMISSED
    if state != State.FINISHED.value:
        return False
    return status.raw is None or status.is_success


def keeps_always(environ: Mapping[str, str]) -> bool:
    """Tell whether the user wants the dump of a clean exit too."""
    word = environ.get("KERASCRASH_KEEP", "").strip().lower()
    return word in ("always", "1", "true", "yes", "on")


def discard(observer: Observer) -> None:
    """Remove the dump, its copy and its workers' rings: nothing is left behind."""
    final = observer.writer.header().get("final_path")
    for path in (observer.writer.path, final):
        with contextlib.suppress(OSError):
            # In the dump's own folder there is a link when the ring lies elsewhere.
            if path == observer.writer.path or (path and os.path.islink(path)):
                os.unlink(path)
    remove_traces(observer.writer.path)
    observer.captured.take()
    observer.captured.remove()
    observer.sync.remove()
    observer.devices.close()
    observer.workers.finish(parent_ended_well=True)
    folder = os.path.dirname(final if isinstance(final, str) else observer.writer.path)
    remove_if_empty(folder)


def seal(observer: Observer, status: ExitStatus, death_ns: int, **extra: Any) -> str:
    """
    Write the certificate, make the dump durable, and return where it lies.

    ``extra`` are further keys of the certificate (``stderr``, ``rusage``).
    """
    observer.devices.finish()
    certificate = build_certificate(observer, status, death_ns)
    certificate |= extra
    if "stderr" not in certificate:
        certificate["stderr"] = _take_stderr(observer)
    certificate["sealed"] = time.time()
    writer = observer.writer
    while not writer.certificate(certificate) and _trim(certificate):
        pass
    with contextlib.suppress(ValueError):
        writer.set_state(State.SEALED)
    with contextlib.suppress(OSError, ValueError):
        writer.flush()
        observer.sync.remove()  # the dump itself is durable now
    tidy_traces(writer.path)
    return _move_to_its_folder(writer.path, writer.header())


def _take_stderr(observer: Observer) -> dict[str, Any]:
    captured = observer.captured.take()
    if captured is not None:
        observer.writer.stderr(captured)
        observer.captured.remove()
        return {"how": "captured", "path": None, "offset": 0, "bytes": len(captured)}
    noted = observer.environment().get("stderr")
    if isinstance(noted, dict):
        observer.stderr.note(noted)
    tail = observer.stderr.read()
    if tail:
        observer.writer.stderr(tail)
    return {
        "how": "file" if observer.stderr.path else "none",
        "path": observer.stderr.path or None,
        "offset": observer.stderr.offset,
        "bytes": len(tail),
    }


def _trim(certificate: dict[str, Any]) -> bool:
    """Halve the longest list of a certificate that is too big; False: nothing left."""
    lines = certificate["kernel"]["lines"]
    if lines:
        certificate["kernel"]["lines"] = lines[len(lines) // 2 + 1 :]
        certificate["kernel"]["trimmed"] = True
        return True
    children = certificate["children"]
    certificate["children"] = children[len(children) // 2 + 1 :]
    return bool(children) or certificate.pop("stack", None) is not None


def _move_to_its_folder(path: str, header: dict[str, Any]) -> str:
    """Copy a dump that was recorded on a local disk to the folder it is meant for."""
    final = header.get("final_path")
    if not isinstance(final, str) or not final or final == path:
        return path
    partial = f"{final}.part"
    try:
        os.makedirs(os.path.dirname(final), exist_ok=True)
        shutil.copyfile(path, partial)
        os.chmod(partial, 0o600)
        with open(partial, "rb") as file:
            os.fsync(file.fileno())
        os.replace(partial, final)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(partial)
        return path
    with contextlib.suppress(OSError):
        os.unlink(path)
    move_traces(path, final)
    return final
