"""
Write a bundle: dump, report and logs in one zip that ``report`` reads back.

The dump of a redacted bundle is written anew record by record, so that whoever gets it
can look at everything that the report was made from, and still finds no original byte.
"""

from __future__ import annotations

import contextlib
import os
import zipfile
import zlib
from dataclasses import asdict, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from kerascrash import __version__
from kerascrash.cli.sharing import redactor_here
from kerascrash.collect.trace_json import write_traces_json
from kerascrash.dump.bundle import (
    CHILDREN,
    DUMP,
    LOGS,
    MANIFEST,
    NUMBERS,
    SCHEMA,
    SYNC,
    TRACES,
    to_json,
)
from kerascrash.dump.layout import MAX_JSON
from kerascrash.dump.reader import read_dump
from kerascrash.dump.rewrite import rewrite_dump
from kerascrash.dump.sources import load_images
from kerascrash.errors import SourceError, UsageError
from kerascrash.model.case import ExitStatus
from kerascrash.model.evidence import Unavailable
from kerascrash.redact.diagnosis import redact_diagnosis, summary
from kerascrash.report import html, jsonfile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kerascrash.dump.contents import Dump
    from kerascrash.model.case import Case, Log
    from kerascrash.model.verdict import Diagnosis
    from kerascrash.redact.redactor import Redactor

_EPOCH = (1980, 1, 1, 0, 0, 0)
_MODE = 0o600
_STORED = (".gz",)


def write_bundle(
    diagnosis: Diagnosis, output: str, *, redact: bool = False, names: bool = False
) -> str:
    """
    Write the bundle of a dump's diagnosis and return its path.

    The same input gives the same bytes. Raises SourceError, UsageError, DumpError.
    """
    if isinstance(diagnosis.case.recording, Unavailable):
        raise UsageError("a bundle is made of a dump, and there is none")
    members = _redacted(diagnosis, names) if redact else _plain(diagnosis)
    _write_zip(output, members)
    return output


def _plain(diagnosis: Diagnosis) -> dict[str, bytes]:
    members: dict[str, bytes] = {}
    main, *children = _sources(diagnosis.case)
    images = load_images(main)
    members[DUMP] = _gzip(bytes(images.main))
    stderr = bool(read_dump(main).stderr)
    if images.sync:
        members[SYNC] = bytes(images.sync)
    for number, path in enumerate(children, 1):
        members[f"{CHILDREN}{number}.bin.gz"] = _gzip(bytes(load_images(path).main))
    return _with_report(members, diagnosis, _in_dump(stderr))


def _redacted(diagnosis: Diagnosis, names: bool) -> dict[str, bytes]:
    dumps = [read_dump(path) for path in _sources(diagnosis.case)]
    redactor = redactor_here(diagnosis, names=names, dumps=dumps)
    shown = redact_diagnosis(diagnosis, redactor)
    # In the order of the report, so that its pseudonyms count from one.
    main, *children = (_gzip(_rewritten(dump, redactor)) for dump in dumps)
    members = {DUMP: main}
    for number, data in enumerate(children, 1):
        members[f"{CHILDREN}{number}.bin.gz"] = data
    # The dump may hold more than the report shows: the list counts both.
    shown = replace(shown, redaction=summary(redactor))
    return _with_report(members, shown, _in_dump(bool(dumps[0].stderr)))


def _in_dump(stderr: bool) -> tuple[str, ...]:
    """Return the sources of logs that the dump holds itself."""
    return ("dump:certificate", "dump:stderr") if stderr else ("dump:certificate",)


def _rewritten(dump: Dump, redactor: Redactor) -> bytes:
    def change(data: Any, what: str) -> Any:
        changed = redactor.value(data, what)
        return {**changed, "redacted": True} if what == "header" else changed

    text = dump.stderr.decode("utf-8", "replace")
    lines = redactor.lines(text.split("\n")) if text else []
    try:
        return rewrite_dump(dump, change, "\n".join(lines).encode("utf-8", "replace"))
    except ValueError as error:
        raise SourceError(f"{dump.path}: cannot be written anew: {error}") from None


def _sources(case: Case) -> list[str]:
    """Return the paths of the dumps: the main process's, then its children's."""
    found = [] if isinstance(case.recording, Unavailable) else [case.recording.source]
    for child in case.children:
        found += _sources(child)
    return list(dict.fromkeys(found))


def _with_report(
    members: dict[str, bytes], diagnosis: Diagnosis, in_dump: tuple[str, ...]
) -> dict[str, bytes]:
    """Add report, logs, traces and manifest."""
    case = diagnosis.case
    rows: list[dict[str, Any]] = []
    for number, log in enumerate(_logs(case, in_dump), 1):
        name = f"{LOGS}{number}.{log.kind}.log"
        rows.append({"member": name, **_log_row(log)})
        told = to_json(_line_facts(log), compact=True)
        if len(told) <= MAX_JSON:
            members[f"{name}{NUMBERS}"] = told
        texts = (line.text.replace("\n", " ") for line in log.lines)
        members[name] = "".join(f"{text}\n" for text in texts).encode(
            "utf-8", "backslashreplace"
        )
    members.update(_traces(case))
    members["report.html"] = html.render(diagnosis).encode("utf-8")
    members["report.json"] = jsonfile.render(diagnosis).encode("ascii")
    redaction = diagnosis.redaction
    manifest = {
        "schema": SCHEMA,
        "kerascrash": __version__,
        "dump": DUMP,
        "logs": rows,
        "known": {
            "same_boot": case.same_boot,
            "exit": _given_exit(case),
            "damage": [asdict(one) for one in case.damage],
            "unavailable": [asdict(one) for one in case.unavailable],
        },
        "redaction": asdict(redaction) if redaction else None,
        "members": [
            {"name": name, "bytes": len(data), "sha256": sha256(data).hexdigest()}
            for name, data in sorted(members.items())
        ],
    }
    return {MANIFEST: to_json(manifest), **dict(sorted(members.items()))}


def _traces(case: Case) -> dict[str, bytes]:
    """Return as many traces as a reader takes, those that come first."""
    for count in range(len(case.traces), 0, -1):
        data = to_json(write_traces_json(case.traces[:count]), compact=True)
        if len(data) <= MAX_JSON:
            return {TRACES: data}
    return {}


def _logs(case: Case, in_dump: tuple[str, ...]) -> Iterator[Log]:
    """Yield the logs that are not in the dump itself."""
    for log in case.logs:
        if log.source not in in_dump and log.lines:
            yield log


def _log_row(log: Log) -> dict[str, Any]:
    """Return what the text of a log does not tell."""
    return {
        "kind": log.kind,
        "source": log.source,
        "complete": log.complete,
        "total_lines": log.total_lines,
    }


def _line_facts(log: Log) -> dict[str, Any]:
    """Return numbers and times of the lines of a log."""
    runs: list[list[int]] = []
    for line in log.lines:
        if runs and line.number == runs[-1][0] + runs[-1][1]:
            runs[-1][1] += 1
        else:
            runs.append([line.number, 1])
    return {"numbers": runs, "times": [line.time for line in log.lines]}


def _given_exit(case: Case) -> dict[str, Any] | None:
    """Return the exit status where it was given by hand: no dump tells that."""
    status = case.exit
    if not isinstance(status, ExitStatus) or status.known_by != "given":
        return None
    return asdict(status)


def _gzip(data: bytes) -> bytes:
    """Return a gzip stream without a time or a name in it."""
    stream = zlib.compressobj(6, zlib.DEFLATED, 31)
    return stream.compress(data) + stream.flush()


def _write_zip(output: str, members: dict[str, bytes]) -> None:
    """Write the archive beside its place and move it there; raises SourceError."""
    part = f"{output}.part"
    flags = os.O_RDWR | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0)
    try:
        with (
            open(os.open(part, flags, _MODE), "wb") as file,
            zipfile.ZipFile(file, "w") as archive,
        ):
            for name, data in members.items():
                archive.writestr(_member(name), data)
        os.replace(part, output)
    except OSError as error:
        with contextlib.suppress(OSError):
            os.unlink(part)
        reason = error.strerror or error
        raise SourceError(f"{output}: cannot be written: {reason}") from None


def _member(name: str) -> zipfile.ZipInfo:
    """Return an entry that is the same whenever and wherever it is written."""
    info = zipfile.ZipInfo(name, _EPOCH)
    info.create_system = 3
    info.external_attr = 0o644 << 16
    stored = name.endswith(_STORED)
    info.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
    return info
