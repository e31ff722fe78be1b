"""``kerascrash export``: a dump's timeline for Perfetto, a table, or a program."""

from __future__ import annotations

import click

from kerascrash.cli.options import STDOUT, TRACES, output

FORMATS = ("perfetto", "csv", "json")


@click.command(
    epilog="""\b
Examples:
  kerascrash export run.bin -o run.pftrace         open it in ui.perfetto.dev
  kerascrash export run.bin -o run.json            the same for chrome://tracing as well
  kerascrash export run.bin --format csv > run.csv
  kerascrash export run.bin --format json | jq .series.rss
\b
Exit codes: 0 written, 2 wrong usage, 3 not a dump, 4 dump of a newer version,
6 the file cannot be written."""
)
@click.argument("dump", type=click.Path(readable=False))
@click.option(
    "--format",
    "format_name",
    type=click.Choice(FORMATS),
    default="perfetto",
    show_default=True,
    help="Tracks for Perfetto and chrome://tracing (JSON; Perfetto's own format for a "
    "file named *.pftrace), one long table, or plain JSON.",
)
@TRACES
@output()
def command(dump: str, format_name: str, traces: tuple[str, ...], output: str) -> None:
    """Write memory, stages, steps, events and stacks of a dump as tracks."""
    from kerascrash.cli.device_evidence import with_device_evidence
    from kerascrash.cli.dumps import resolve
    from kerascrash.cli.output import write_bytes, write_text
    from kerascrash.collect.dump_case import load_case
    from kerascrash.report.export import document, perfetto, pftrace, table

    case = with_device_evidence(load_case(resolve(dump)), traces)
    if format_name == "perfetto" and output.endswith(pftrace.SUFFIXES):
        click.echo(write_bytes(pftrace.render(case), output))
        return
    render = {"perfetto": perfetto, "csv": table, "json": document}[format_name].render
    text = render(case)
    if output == STDOUT:
        click.echo(text, nl=False)
    else:
        click.echo(write_text(text, output))


COMMAND = command
