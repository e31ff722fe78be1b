"""``kerascrash causes``: the catalogue, one cause in full, or README's table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from kerascrash.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kerascrash.model.rules import Rule

WIDTH = 86
# What a detector needs (see Detector.needs), in a reader's words.
SOURCES = {
    "exit": "exit status",
    "log:kernel": "kernel log",
    "log": "any log",
    "certificate": "death certificate",
    "recording": "dump",
    "core": "core file",
    "trace": "profiler trace",
    "process": "dump",
}


@click.command(
    epilog="""\b
Examples:
  kerascrash causes                   every way to die, and every factor
  kerascrash causes gpu_oom           what speaks for it, against it, what to do
  kerascrash causes --markdown        the table of README
\b
Exit codes: 0 shown, 2 there is no such cause."""
)
@click.argument("name", metavar="[ID]", required=False)
@click.option("--markdown", is_flag=True, help="Print the table of README.")
def command(name: str | None, markdown: bool) -> None:
    """Show the catalogue of causes (how it died) and factors (why memory ran out)."""
    from kerascrash.causes import load_causes
    from kerascrash.factors import load_factors

    causes, factors = load_causes(), load_factors()
    if name is not None:
        rule = next((r for r in (*causes, *factors) if r.id == name), None)
        if rule is None:
            raise UsageError(
                f"there is no cause or factor {name!r}; see kerascrash causes"
            )
        click.echo("\n".join(describe(rule)))
    elif markdown:
        click.echo("\n".join(tabulate(causes, factors)))
    else:
        click.echo("\n".join(outline(causes, factors)))


def outline(causes: tuple[Rule, ...], factors: tuple[Rule, ...]) -> Iterator[str]:
    """Yield one line per rule."""
    for title, rules in (("Causes: how it died", causes), ("Factors: why", factors)):
        yield title
        width = max(len(rule.id) for rule in rules)
        yield from (f"  {rule.id:{width}}  {rule.title}" for rule in rules)
        yield ""
    yield "kerascrash causes ID shows one in full."


def tabulate(causes: tuple[Rule, ...], factors: tuple[Rule, ...]) -> Iterator[str]:
    """Yield the tables of README: id, title, what is easily taken for it."""
    for head, rules in (("cause", causes), ("factor", factors)):
        yield f"| {head} | meaning | easily taken for it |"
        yield "| --- | --- | --- |"
        for rule in rules:
            near = rule.near_misses[0] if rule.near_misses else ""
            yield f"| `{rule.id}` | {_cell(rule.title)} | {_cell(near)} |"
        yield ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def describe(rule: Rule) -> Iterator[str]:
    """Yield a rule in full: meaning, weights of findings, what to do."""
    yield f"{rule.id}: {rule.title}"
    yield from _wrap(rule.meaning)
    yield ""
    yield f"  prior {rule.prior:+.1f}"
    for sign, weights in ((1, rule.supports), (-1, rule.contradicts)):
        for finding, weight in sorted(weights.items(), key=lambda item: -item[1]):
            yield f"  {sign * weight:+5.1f}  {finding}"
    sources = list(needed_sources(rule))
    if sources:
        yield f"\nSeen in (any of them): {', '.join(sources)}"
    for title, texts in (
        ("What to do", rule.remedies),
        ("Easily taken for it", rule.near_misses),
        ("To settle it", (rule.settle,) if rule.settle else ()),
    ):
        if texts:
            yield f"\n{title}"
            for text in texts:
                yield from _wrap(text, "- ")


def needed_sources(rule: Rule) -> Iterator[str]:
    """Yield what must be there for somebody to find what speaks for the rule."""
    from kerascrash.detect import load_detectors

    looked_at = {
        need
        for detector in load_detectors()
        if set(detector.finds) & rule.supports.keys()
        for need in detector.needs
    }
    yield from dict.fromkeys(w for need, w in SOURCES.items() if need in looked_at)


def _wrap(text: str, mark: str = "") -> Iterator[str]:
    from textwrap import wrap

    yield from wrap(
        text,
        WIDTH,
        initial_indent=f"  {mark}",
        subsequent_indent="  " + " " * len(mark),
    )


COMMAND = command
