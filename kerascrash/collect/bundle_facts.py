"""What a bundle holds besides its dump: logs, traces, what was known of the death."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from kerascrash.collect.log_line import clean_text, parse_time, shorten
from kerascrash.collect.trace_json import read_traces_json
from kerascrash.dump.bundle import CHILDREN, LOGS, NUMBERS, SCHEMA, TRACES, Bundle
from kerascrash.dump.sources import open_zip
from kerascrash.model.case import Case, ExitStatus, Log, LogLine
from kerascrash.model.evidence import Damage, Unavailable
from kerascrash.model.redaction import Redaction, Replaced

KINDS = ("kernel", "stderr", "system", "crash_report")
_LARGEST_LOG = 64 << 20
_MOST_LINES = 100_000
_MOST_LOGS = 64
_MOST_ROWS = 100
_LARGEST = 1 << 53


@dataclass(frozen=True, slots=True)
class BundleFacts:
    """The contents of one bundle's manifest, checked; empty for other files."""

    logs: tuple[Log, ...] = ()
    exit: ExitStatus | None = None
    rebooted: bool = False
    traces: tuple[Any, ...] = ()
    damage: tuple[Damage, ...] = ()
    unavailable: tuple[Unavailable, ...] = ()

    def add_to(self, case: Case) -> Case:
        """Return the case with what the bundle tells beyond its dump."""
        if self.exit is not None and isinstance(case.exit, Unavailable):
            case = replace(case, exit=self.exit)
        if self.rebooted and case.same_boot is None:
            case = replace(case, same_boot=False)
        there = {f"{log.kind} log" for log in case.logs}
        missing = [one for one in self.unavailable if one.what not in there]
        return replace(
            case,
            unavailable=tuple(missing) or case.unavailable,
            traces=(*case.traces, *self.traces),
            damage=tuple(dict.fromkeys((*self.damage, *case.damage))),
        )


def read_bundle(path: str) -> BundleFacts:
    """Return the facts in a bundle; empty where it is none. Raises NotADump."""
    bundle = open_zip(path)
    if bundle is None:
        return BundleFacts()
    manifest = bundle.manifest()
    if manifest.get("schema") != SCHEMA:
        return BundleFacts()
    known = _mapping(manifest.get("known"))
    return BundleFacts(
        logs=tuple(_logs(bundle, manifest.get("logs"))),
        exit=_exit(known.get("exit")),
        rebooted=known.get("same_boot") is False,
        traces=read_traces_json(bundle.json(TRACES)),
        damage=tuple(
            Damage(
                str(row.get("where"))[:200],
                str(row.get("text"))[:1000],
                _whole(row.get("offset")),
            )
            for row in _rows(known.get("damage"))[:_MOST_ROWS]
        ),
        unavailable=tuple(
            Unavailable(str(row.get("what"))[:1000], str(row.get("reason"))[:1000])
            for row in _rows(known.get("unavailable"))[:_MOST_ROWS]
        ),
    )


def read_redaction(path: str) -> Redaction | None:
    """Return what was taken out of a bundle, None for any other file."""
    bundle = open_zip(path)
    facts = _mapping(bundle.manifest().get("redaction")) if bundle else {}
    return _redaction(facts) if facts else None


def bundle_children(path: str) -> list[str]:
    """Return the dumps of child processes in a bundle, none for other files."""
    bundle = open_zip(path)
    if bundle is None:
        return []
    names = [name.removeprefix(CHILDREN) for name in bundle.children()]
    return [f"{path}:{CHILDREN}{name}" for name in names]


def _logs(bundle: Bundle, rows: object) -> Iterable[Log]:
    for row in _rows(rows)[:_MOST_LOGS]:
        name, kind = row.get("member"), row.get("kind")
        if (
            name not in bundle.names
            or not str(name).startswith(LOGS)
            or kind not in KINDS
        ):
            continue
        text = bundle.read(str(name), _LARGEST_LOG).decode("utf-8", "replace")
        total = _whole(row.get("total_lines"))
        yield Log(
            kind=str(kind),
            source=str(row.get("source") or name)[:1000],
            lines=tuple(_lines(text, bundle.json(f"{name}{NUMBERS}"))),
            complete=row.get("complete") is True,
            total_lines=total,
        )


def _lines(text: str, row: Mapping[str, Any]) -> Iterable[LogLine]:
    """A log is kept without what was left out of it; ``row`` numbers its lines."""
    numbers = _numbers(row.get("numbers"))
    times = row.get("times")
    told = times if isinstance(times, list) else []
    for index, line in enumerate(text.split("\n")[:_MOST_LINES]):
        if line:
            kept = clean_text(shorten(line))
            time = told[index] if index < len(told) else None
            yield LogLine(
                number=next(numbers, index + 1),
                text=kept,
                time=_time(time) or parse_time(kept),
            )
        else:
            next(numbers, None)


def _numbers(runs: object) -> Any:
    for run in runs if isinstance(runs, list) else []:
        if isinstance(run, list) and len(run) == 2 and all(map(_is_whole, run)):
            yield from range(run[0], run[0] + min(run[1], _MOST_LINES))


def _exit(row: object) -> ExitStatus | None:
    facts = _mapping(row)
    code, signal, status = (
        _whole(facts.get(key)) for key in ("code", "signal", "ntstatus")
    )
    if code is None and signal is None and status is None:
        return None
    core = facts.get("core_dumped") is True
    return ExitStatus(code, signal, status, known_by="given", core_dumped=core)


def _redaction(facts: Mapping[str, Any]) -> Redaction:
    replaced = [
        Replaced(str(one.get("kind"))[:40], _whole(one.get("values")) or 0,
                 _whole(one.get("texts")) or 0)
        for one in _rows(facts.get("replaced"))[:_MOST_ROWS]
    ]  # fmt: skip
    kept = facts.get("kept")
    texts = [str(one)[:400] for one in kept] if isinstance(kept, list) else []
    return Redaction(facts.get("names") is True, tuple(replaced), tuple(texts[:20]))


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _rows(value: object) -> list[Mapping[str, Any]]:
    rows = value if isinstance(value, list) else []
    return [row for row in rows if isinstance(row, Mapping)]


def _is_whole(value: object) -> bool:
    return type(value) is int and 0 <= value < _LARGEST


def _time(value: object) -> float | None:
    return value if isinstance(value, float) and abs(value) < _LARGEST else None


def _whole(value: object) -> int | None:
    return value if type(value) is int and abs(value) < _LARGEST else None
