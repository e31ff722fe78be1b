"""``kerascrash doctor``: what evidence this machine will yield."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kerascrash.cli.doctor._check import Check, Result

WIDTH = 88
SCHEMA = "kerascrash.doctor/1"
_STATES = ("ok", "weaker", "missing")
_COLORS = {"ok": "green", "weaker": "yellow", "missing": "red"}


@click.command(
    epilog="""\b
Examples:
  kerascrash doctor                  as the user, and on the machine, of the training
  kerascrash doctor --format json
  docker exec JOB kerascrash doctor
\b
ok: this evidence will be there. weaker: in part, or only afterwards. missing: not at
all. Nothing is changed; a trial process is started, watched and killed.
\b
Exit codes: 0 examined, whatever was found; 2 wrong usage."""
)
@click.option(
    "--format", "format_name", type=click.Choice(("text", "json")), default="text",
    show_default=True, help="What to write.",
)  # fmt: skip
def command(format_name: str) -> None:
    """Tell which evidence a death would leave here, and how to get the rest."""
    from kerascrash.cli.doctor import examine, load_checks

    answers = ((check, examine(check)) for check in load_checks())
    found = ((check, result) for check, result in answers if result is not None)
    if format_name == "json":
        import json

        click.echo(json.dumps(as_json(list(found)), indent=2))
        return
    counts = dict.fromkeys(_STATES, 0)
    click.echo(f"What a death here would leave behind, as {_user()}\n")
    for check, result in found:  # each as it is known: the trial takes a second
        counts[result.state] += 1
        click.echo("\n".join(lines(check, result)))
    click.echo(f"\n{', '.join(f'{n} {state}' for state, n in counts.items())}.")


def as_json(found: list[tuple[Check, Result]]) -> dict[str, Any]:
    """Return the document of ``--format json``."""
    return {
        "schema": SCHEMA,
        "platform": sys.platform,
        "user": _user(),
        "summary": {s: sum(r.state == s for _, r in found) for s in _STATES},
        "checks": [
            {
                "id": check.id,
                "group": check.group,
                "title": check.title,
                "state": result.state,
                "found": result.found,
                "meaning": result.meaning,
                "command": result.command,
                "data": dict(result.data),
            }
            for check, result in found
        ],
    }


def lines(check: Check, result: Result) -> Iterator[str]:
    """Yield the lines of one check: state, what was found, meaning, command."""
    from textwrap import wrap

    from kerascrash.report.safe_text import safe_line

    state = click.style(f"{result.state:8}", fg=_COLORS[result.state])
    indent = " " * 27
    first, *rest = wrap(safe_line(result.found), WIDTH - len(indent)) or [""]
    yield f"  {state} {check.title:15} {first}"
    yield from (indent + line for line in rest)
    if result.state == "ok":
        return
    for line in wrap(result.meaning, WIDTH - len(indent)):
        yield indent + line
    if result.command:  # never broken: it is there to be copied
        yield f"{indent}$ {result.command}"


def _user() -> str:
    if not hasattr(os, "geteuid"):
        import getpass

        return getpass.getuser()
    import pwd

    uid = os.geteuid()
    try:
        return f"{pwd.getpwuid(uid).pw_name} (uid {uid})"
    except KeyError:
        return f"uid {uid}"


COMMAND = command
