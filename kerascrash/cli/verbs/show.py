"""`kerascrash show DUMP`: what a dump holds, record by record."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kerascrash.cli import dump_view as view
from kerascrash.dump.reader import read_dump
from kerascrash.dump.records import BLOB_NAMES
from kerascrash.report.safe_text import encodable

if TYPE_CHECKING:
    from kerascrash.dump.contents import Dump

_ALL = 1 << 30


def _certificate(dump: Dump) -> Iterator[str]:
    yield view.object_text(dump.certificate)


def _stderr(dump: Dump) -> Iterator[str]:
    yield view.stderr_text(dump)


def _samples(name: str) -> Callable[[Dump], Iterator[str]]:
    return lambda dump: view.sample_lines(dump, name)


def _blob(name: str) -> Callable[[Dump], Iterator[str]]:
    def lines(dump: Dump) -> Iterator[str]:
        blob = dump.blobs.get(name)
        yield view.object_text(blob.data if blob else None)

    return lines


SECTIONS: dict[str, Callable[[Dump], Iterator[str]]] = {
    "header": view.header_lines,
    "damage": view.damage_lines,
    **{name: _samples(name) for name in view.SAMPLES},
    "events": lambda dump: view.event_lines(dump, _ALL),
    "progress": lambda dump: view.progress_lines(dump, _ALL),
    **{name: _blob(name) for name in BLOB_NAMES},
    "stderr": _stderr,
    "certificate": _certificate,
}


def _json_text(dump: Dump, section: str | None) -> str:
    whole = view.as_json(dump)
    part = whole
    if section in BLOB_NAMES:
        part = whole["blobs"].get(section)
    elif section:
        part = whole[section]
    return json.dumps(part, indent=2)


@click.command(
    epilog="""\b
Examples:
  kerascrash show kerascrash-dumps/train-20261123T140322-4711.bin
  kerascrash show DUMP --section inventory
  kerascrash show DUMP --format json | jq .events
\b
Exit codes: 0 printed, 2 wrong usage, 3 not a dump, 4 dump of a newer version."""
)
@click.argument("dump", type=click.Path(readable=False, path_type=Path))
@click.option(
    "--format",
    "format_",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
)
@click.option(
    "--events",
    type=click.IntRange(min=0),
    default=20,
    show_default=True,
    help="How many of the last events the text shows.",
)
@click.option(
    "--section", type=click.Choice(sorted(SECTIONS)), help="Show this part alone."
)
def COMMAND(dump: Path, format_: str, events: int, section: str | None) -> None:
    """Print what a dump, its .gz or a bundle holds: records, not conclusions."""
    found = read_dump(dump)
    if format_ == "json":
        click.echo(_json_text(found, section))
        return
    lines = SECTIONS[section](found) if section else view.as_text(found, events)
    for line in lines:
        click.echo(encodable(line))
