"""``kerascrash diff``: what changed between two runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from kerascrash.cli.options import STDOUT, output, redaction

if TYPE_CHECKING:
    from kerascrash.model.comparison import Comparison

FORMATS = ("text", "html", "json")


@click.command(
    epilog="""\b
Examples:
  KERASCRASH_KEEP=always python train.py             keeps the dump of a good run too
  kerascrash diff died.bin lived.bin                 the biggest difference first
  kerascrash diff died.bin lived.bin --format html -o diff.html
  kerascrash diff a.bin b.bin --format json | jq '.differences[0]'
  kerascrash diff a.bin b.bin --redact -o diff.html  to attach to a public ticket
\b
Exit codes: 0 compared (also: nothing differs), 2 wrong usage, 3 not a dump,
4 dump of a newer version, 5 no dump found, 6 the file cannot be written."""
)
@click.argument("a", metavar="A", type=click.Path(readable=False))
@click.argument("b", metavar="B", type=click.Path(readable=False))
@click.option(
    "--format",
    "format_name",
    type=click.Choice(FORMATS),
    default=None,
    help="What to write. Default: text; html where FILE ends with .html.",
)
@output()
@redaction
def command(
    a: str,
    b: str,
    format_name: str | None,
    output: str,
    redact: bool,
    redact_names: bool,
) -> None:
    """
    Compare two runs: one that died with one that lived, or two deaths.

    Versions, settings, limits, batch, model, data, memory at the same stage and step,
    growth, what the script held, the time of a step, and the verdicts. What is equal is
    not shown. A and B are dumps, bundles, or folders (their newest counts).
    """
    from kerascrash.cli.cases import diagnose_dumps
    from kerascrash.cli.dumps import resolve
    from kerascrash.cli.output import print_text, write_text
    from kerascrash.cli.sharing import compare_redacted
    from kerascrash.compare import compare

    one, two = (diagnose_dumps([resolve(path)]) for path in (a, b))
    wanted = format_name or ("html" if output.endswith((".html", ".htm")) else "text")
    if redact or redact_names:
        compared = compare_redacted(one, two, names=redact_names)
    else:
        compared = compare(one, two)
    text = _render(compared, wanted, for_terminal=output == STDOUT)
    if output == STDOUT:
        print_text(text)
    else:
        click.echo(write_text(text, output))


def _render(comparison: Comparison, wanted: str, *, for_terminal: bool) -> str:
    from kerascrash.cli.output import terminal_width, wants_colors
    from kerascrash.report.comparison import document, html, text

    if wanted == "html":
        return html.render(comparison)
    if wanted == "json":
        return document.render(comparison)
    if not for_terminal:
        return text.render(comparison)
    width = terminal_width() or text.WIDTH
    return text.render(comparison, width, color=wants_colors())


COMMAND = command
