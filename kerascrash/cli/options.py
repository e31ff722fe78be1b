"""Options that several verbs have: the same words for the same things."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

STDOUT = "-"
_FILE = click.Path(dir_okay=False, readable=False, allow_dash=True)  # opening tells

TRACES = click.option(
    "--trace", "traces", multiple=True, type=click.Path(), metavar="DIR",
    help="Profiler traces or allocator maps: a file, or a folder to search.",
)  # fmt: skip
_EVIDENCE = (
    click.option(
        "--kernel-log", "kernel_logs", multiple=True, type=_FILE, metavar="F",
        help="Kernel log (dmesg in any format, journalctl -k, kern.log), any age.",
    ),
    click.option(
        "--stderr", "stderrs", multiple=True, type=_FILE, metavar="F",
        help="What the program wrote to standard error.",
    ),
    click.option(
        "--log", "logs", multiple=True, type=_FILE, metavar="F",
        help="Text of a scheduler, orchestrator or daemon (Slurm, Kubernetes, …), or "
        "of unknown kind.",
    ),
    TRACES,
    click.option(
        "--core", type=_FILE, metavar="FILE",
        help="Core file of the death; its notes are read, not its memory.",
    ),
    click.option(
        "--exit", "exit_status", metavar="STATUS",
        help="How it ended, if you know: 137, SIGKILL, -9, 0:9, 0xC0000409.",
    ),
)  # fmt: skip
_REDACTION = (
    click.option(
        "--redact", is_flag=True,
        help="Replace people, hosts, folders, addresses, arguments and recognised "
        "secrets by pseudonyms; lists what was replaced.",
    ),
    click.option(
        "--redact-names", is_flag=True,
        help="As --redact; also names of variables, functions, files and layers, and "
        "source lines.",
    ),
)  # fmt: skip


def evidence(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that name what a death left behind."""
    return _all(_EVIDENCE, function)


def redaction(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--redact`` and ``--redact-names``."""
    return _all(_REDACTION, function)


def formats(names: Sequence[str], default: str) -> Decorator:
    """Return ``--format`` with these names."""
    return click.option(
        "--format", "format_name", type=click.Choice(names), default=default,
        show_default=True, help="What to write.",
    )  # fmt: skip


def output(default: str | None = STDOUT, text: str = "") -> Decorator:
    """Return ``-o``; ``text`` says where else it goes than to standard output."""
    text = text or "Where to write. Default: standard output."
    return click.option(
        "-o", "--output", type=click.Path(), default=default, metavar="FILE", help=text
    )


def _all(
    options: Sequence[Decorator], function: Callable[..., Any]
) -> Callable[..., Any]:
    return reduce(lambda made, option: option(made), reversed(options), function)
