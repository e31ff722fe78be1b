"""``kerascrash verdict DUMP`` (hidden): the three lines that are printed at a death."""

from __future__ import annotations

import click


@click.command(
    hidden=True,
    epilog="""\b
Example:
  kerascrash verdict kerascrash-dumps/train-20261123T140322-4711.bin
\b
Exit codes: 0 printed, 3 not a dump, 4 dump of a newer version, 5 no dump found.""",
)
@click.argument("dump", type=click.Path(readable=False))
def command(dump: str) -> None:
    """Print the verdict on one dump in three lines."""
    from kerascrash.cli.cases import diagnose_dumps
    from kerascrash.cli.dumps import resolve
    from kerascrash.report import brief

    path = resolve(dump)
    click.echo(brief.render(diagnose_dumps([path]), path), nl=False)


COMMAND = command
