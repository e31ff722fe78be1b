"""``kerascrash report``: why it died, as a page, a ticket, data or text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from kerascrash.cli.options import STDOUT, evidence, formats, output, redaction
from kerascrash.errors import UsageError

if TYPE_CHECKING:
    from kerascrash.model.verdict import Diagnosis

FORMATS = ("html", "md", "json", "text")


@click.command(
    epilog="""\b
Examples:
  kerascrash report                       the newest dump, as HTML beside it
  kerascrash report run.bin --open        that dump, shown in the browser
  kerascrash report run.bin --format json | jq .verdict
  kerascrash report run.bin --kernel-log dmesg.txt --stderr train.err
  kerascrash report run.bin --redact --format md      to paste into a public ticket
  kerascrash report run.bin --redact --bundle run.zip   dump, report and logs, to send
  kerascrash report run.zip               read a bundle that was sent
\b
Exit codes: 0 written (whatever the verdict), 2 wrong usage, 3 not a dump,
4 dump of a newer version, 5 no dump found, 6 a log cannot be read."""
)
@click.argument("dumps", nargs=-1, metavar="[DUMP]...", type=click.Path(readable=False))
@evidence
@formats(FORMATS, "html")
@output(
    None,
    "Where to write; - is standard output. Default: HTML beside the dump, the others "
    "to standard output.",
)
@click.option(
    "--bundle",
    "bundle",
    type=click.Path(),
    metavar="FILE.zip",
    help="Write dump, report (HTML, JSON) and the logs used as one zip instead; "
    "`report FILE.zip` reads it.",
)
@redaction
@click.option("--open", "open_it", is_flag=True, help="Open the page in the browser.")
def command(
    dumps: tuple[str, ...],
    format_name: str,
    output: str | None,
    bundle: str | None,
    redact: bool,
    redact_names: bool,
    open_it: bool,
    **given: Any,
) -> None:
    """
    Explain a death from its dump.

    DUMP is a dump (.bin, .bin.gz, a bundle), a folder of dumps (its newest counts), or
    several dumps of one run. Without DUMP: the newest one of this folder.
    """
    if open_it and (format_name != "html" or output == STDOUT):
        raise UsageError("--open needs an HTML file")
    if bundle and (open_it or output or bundle == STDOUT):
        raise UsageError("--bundle writes a file of its own: no -o, no --open, no -")
    paths, diagnosis = _diagnose(dumps, given)
    if bundle:
        from kerascrash.cli.bundle import write_bundle

        hide = redact or redact_names
        click.echo(write_bundle(diagnosis, bundle, redact=hide, names=redact_names))
        return
    if redact or redact_names:
        from kerascrash.cli.sharing import redacted

        diagnosis = redacted(diagnosis, names=redact_names)
    if output is None:
        output = _beside(paths[0]) if format_name == "html" else STDOUT
    _deliver(diagnosis, format_name, output, open_it=open_it)


def _diagnose(
    dumps: tuple[str, ...], given: dict[str, Any]
) -> tuple[list[str], Diagnosis]:
    """Return the dumps that were meant, and what they and the other evidence tell."""
    from kerascrash.cli.cases import diagnose_dumps
    from kerascrash.cli.dumps import (
        existing_folders,
        newest_dump,
        resolve,
        say_if_running,
    )

    paths = [resolve(path) for path in dumps] or [newest_dump(existing_folders())]
    for path in paths:
        say_if_running(path)
    return paths, diagnose_dumps(paths, **given)


def _deliver(
    diagnosis: Diagnosis, format_name: str, output: str, *, open_it: bool
) -> None:
    from kerascrash.cli.output import print_report, write_report

    if output == STDOUT:
        print_report(diagnosis, format_name)
        return
    written = write_report(diagnosis, format_name, output)
    click.echo(written)
    if open_it:
        click.launch(written)


def _beside(path: str) -> str:
    """Return where the page of a dump goes."""
    for suffix in (".gz", ".bin", ".zip"):
        path = path.removesuffix(suffix)
    return f"{path}.html"


COMMAND = command
