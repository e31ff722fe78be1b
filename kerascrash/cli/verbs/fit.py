"""``kerascrash fit``: what would have fitted, from what a dump recorded."""

from __future__ import annotations

import json
from typing import Any

import click

from kerascrash.errors import UsageError


@click.command(
    epilog="""\b
Examples:
  kerascrash fit                              the newest dump, its own limit
  kerascrash fit run.bin --limit 8GiB         the largest batch that fits 8 GiB
  kerascrash fit run.bin --verify             ... and try it, under the limit
  kerascrash fit run.bin --batch 64           does a batch of 64 fit?
  kerascrash fit run.bin --batch 64 --verify  ... and try that one
\b
Exit codes: 0 answered (also: cannot tell), 2 wrong usage, 3 not a dump,
4 dump of a newer version, 5 no dump found."""
)
@click.argument("dump", required=False, type=click.Path(readable=False))
@click.option(
    "--limit", metavar="SIZE", help="Memory limit. Default: the recorded one."
)
@click.option(
    "--batch", type=click.IntRange(1), metavar="N", help="Default: the recorded one."
)
@click.option(
    "--verify",
    is_flag=True,
    help="Rebuild the model and run real steps on synthetic data under the limit, of "
    "the largest batch that should fit, or of --batch.",
)
@click.option(
    "--format", "format_name", type=click.Choice(("text", "json")), default="text",
    show_default=True, help="What to print.",
)  # fmt: skip
def command(
    dump: str | None,
    limit: str | None,
    batch: int | None,
    verify: bool,
    format_name: str,
) -> None:
    """Forecast the peak memory of a run at a batch size, and the largest that fits."""
    from kerascrash.cli.device_evidence import with_device_evidence
    from kerascrash.cli.dumps import existing_folders, newest_dump, resolve
    from kerascrash.collect.dump_case import load_case
    from kerascrash.estimate.forecast_facts import fit_facts

    size = _size(limit)
    path = resolve(dump) if dump else newest_dump(existing_folders())
    case = with_device_evidence(load_case(path), (), ())
    facts = fit_facts(case, size, batch)
    if verify:
        from kerascrash.cli.verify import verify_fit

        facts["verified"] = verify_fit(case, facts, batch)
    if format_name == "json":
        click.echo(json.dumps(facts, indent=1))
    else:
        click.echo(_text(facts), nl=False)


def _size(text: str | None) -> int | None:
    from kerascrash.units import parse_bytes

    if text is None:
        return None
    try:
        size = parse_bytes(text)
    except ValueError:
        size = 0
    if size <= 0:
        raise UsageError(f"--limit {text}: not a size such as 8GiB")
    return size


def _text(facts: dict[str, Any]) -> str:
    """Return the forecast in a few lines."""
    from kerascrash.report.safe_text import safe_line
    from kerascrash.units import format_bytes

    lines = []
    batch, peak = facts["batch_size"], facts["predicted_peak_bytes"]
    if peak is None:
        lines.append(f"Cannot tell: {facts['reason']}.")
    else:
        # What is resident may be more than the limit, and yet fit: files do not count.
        mapped = facts["mapped_bytes"]
        need, low, high = (
            format_bytes(size - mapped)
            for size in (peak, facts["low_bytes"], facts["high_bytes"])
        )
        lines.append(
            f"Batch {batch:,} needs about {need} (90 % interval {low}-{high})."
        )
        if mapped:
            files = f"{format_bytes(mapped)} of mapped files, which no limit counts"
            lines.append(f"Resident it is more by {files}.")
        if facts["known_by"] == "computed":
            lines.append("No step was finished: this is computed from the model alone.")
        lines += _limit_lines(facts)
    for row in facts["devices"]:
        if row["predicted_peak_bytes"] is not None:
            need = format_bytes(row["predicted_peak_bytes"])
            lines.append(f"On {row['device']} it needs about {need}.")
    if "verified" in facts:
        lines.append(facts["verified"]["text"])
    return "".join(f"{safe_line(line)}\n" for line in lines)


def _limit_lines(facts: dict[str, Any]) -> list[str]:
    from kerascrash.estimate.forecast_facts import edges_text
    from kerascrash.units import format_bytes

    limit, largest = facts["limit_bytes"], facts["largest_batch"]
    if not limit:
        return ["No limit is known: name one with --limit."]
    verdict = "fits" if facts["fits"] else "does not fit"
    lines = [f"It {verdict} in {format_bytes(limit)}."]
    if largest is None:
        return [*lines, f"{facts['reason'].capitalize()}."]
    edges = edges_text(largest["low"], largest["high"])
    best = f"Largest batch that should fit: {largest['batch_size']:,} ({edges})."
    return [*lines, best]


COMMAND = command
