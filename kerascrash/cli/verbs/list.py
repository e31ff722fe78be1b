"""``kerascrash list``: the dumps of a folder, each with its verdict in one line."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from kerascrash.cli.dumps import DumpFile

MOST_JUDGED = 50
LONGEST = 10.0
"""Seconds after which further dumps are listed without a verdict."""


@click.command(
    epilog="""\b
Examples:
  kerascrash list                         the dumps of this folder
  kerascrash list --group                 which death happened how often
  kerascrash list /data/dumps --format json | jq .groups
\b
Exit codes: 0 listed, 5 no dump found.""",
)
@click.argument("folder", required=False, type=click.Path())
@click.option(
    "--format",
    "format_name",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="What to write.",
)
@click.option(
    "--group",
    "grouped",
    is_flag=True,
    help="One entry per signature: equal deaths together, the most frequent first.",
)
def command(folder: str | None, format_name: str, grouped: bool) -> None:
    """
    List dumps, newest first, with a verdict each.

    Equal deaths have equal signatures, wherever they happened and however large the
    batch was: cause, factor, culprit, file name and function make it.

    Without FOLDER: where dumps of this folder go (KERASCRASH_DIR, kerascrash-dumps, the
    user's state folder).
    """
    from kerascrash.cli.dumps import existing_folders, read_folder
    from kerascrash.cli.groups import group_lines, group_rows
    from kerascrash.errors import NoDumpFound

    folders = [folder] if folder else existing_folders()
    dumps = [dump for each in folders for dump in read_folder(each)]
    if not dumps:
        looked = ", ".join(folders) or "no folder of dumps exists here"
        raise NoDumpFound(f"there is no dump ({looked})")
    until = time.monotonic() + LONGEST
    rows = [
        _row(dump, judge=index < MOST_JUDGED and time.monotonic() < until)
        for index, dump in enumerate(dumps)
    ]
    if format_name == "json":
        told = {"dumps": rows, "groups": group_rows(rows)}
        click.echo(json.dumps({"schema": "kerascrash.list/1", **told}, indent=1))
        return
    for line in group_lines(rows) if grouped else map(_text, rows):
        click.echo(line)


def _row(dump: DumpFile, *, judge: bool) -> dict[str, Any]:
    """Return what is known of a dump; ``verdict`` is null where none was made."""
    from kerascrash.report.safe_text import encodable

    header = dump.header
    row: dict[str, Any] = {
        "path": encodable(dump.path),
        "modified": dump.modified,
        "size": dump.size,
        "script": encodable(header.script or header.comm),
        "pid": header.pid,
        "worker": dump.of_worker,
        "state": str(header.state),
        "running": dump.running,
        "cause": None,
        "factor": None,
        "confidence": None,
        "verdict": None,
        "signature": None,
        "signature_text": None,
    }
    if judge and not row["running"]:
        row.update(_judge(dump.path))
    return row


def _judge(path: str) -> dict[str, Any]:
    from kerascrash.cli.cases import diagnose_dumps
    from kerascrash.errors import KerascrashError
    from kerascrash.report.brief import one_line
    from kerascrash.report.safe_text import encodable

    try:
        diagnosis = diagnose_dumps([path])
    except KerascrashError as error:  # one bad dump must not hide the others
        return {"verdict": str(error)}
    verdict = diagnosis.verdict
    return {
        "cause": verdict.cause,
        "factor": verdict.factor,
        "confidence": verdict.confidence,
        "verdict": one_line(diagnosis),
        "signature": diagnosis.signature.id,
        "signature_text": encodable(diagnosis.signature.text),
    }


def _text(row: dict[str, Any]) -> str:
    from kerascrash.report.safe_text import safe_line
    from kerascrash.report.words import utc

    told = "still running" if row["running"] else row["verdict"] or "not looked at"
    worker = " (worker)" if row["worker"] else ""
    return f"{utc(row['modified'])}  {safe_line(row['path'])}{worker}\n    {told}"


COMMAND = command
