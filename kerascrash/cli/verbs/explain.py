"""``kerascrash explain``: nothing was armed; judge from what is left."""

from __future__ import annotations

import os
import stat
import sys
from typing import TYPE_CHECKING

import click

from kerascrash.errors import SourceError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kerascrash.model.case import Log

FORMATS = ("text", "md", "json", "html")
PLATFORMS = (
    *("linux", "docker", "k8s", "slurm"),
    *("colab", "kaggle", "notebook", "windows", "macos"),
)
STDIN = "-"
_TELL_FROM = 64 << 20  # bytes from which reading is long enough to show
_FILE = click.Path(dir_okay=False, readable=False, allow_dash=True)  # opening tells


@click.command(
    epilog="""\b
Examples:
  kerascrash explain --exit 137 --stderr train.err
  dmesg -T | kerascrash explain               text of any kind is sorted out
  kerascrash explain                          paste, then Ctrl-D
  kerascrash explain --exit 0xC0000409 --platform windows
  kerascrash explain --core core.4711 --stderr train.err
  kerascrash explain --log slurm-771.out --kernel-log kern.log --format json
  kerascrash explain --stderr train.err --redact --format md    for a public ticket
\b
Exit codes: 0 judged (whatever the verdict, `unknown` too), 2 wrong usage,
6 a log cannot be read."""
)
@click.option(
    "--exit",
    "exit_status",
    metavar="STATUS",
    help="How it ended: 137, SIGKILL, -9, 0:9, 0xC0000409, -1073740791, ...",
)
@click.option(
    "--stderr", "stderrs", multiple=True, type=_FILE, metavar="F",
    help="What the program wrote; - is standard input.",
)  # fmt: skip
@click.option(
    "--kernel-log", "kernel_logs", multiple=True, type=_FILE, metavar="F",
    help="Kernel log (dmesg in any format, journalctl -k, kern.log).",
)  # fmt: skip
@click.option(
    "--log", "logs", multiple=True, type=_FILE, metavar="F",
    help="Text of a scheduler, orchestrator or daemon, or of unknown kind.",
)  # fmt: skip
@click.option(
    "--trace", "traces", multiple=True, type=click.Path(), metavar="DIR",
    help="Profiler traces or allocator maps: a file, or a folder to search.",
)  # fmt: skip
@click.option(
    "--core", metavar="FILE", type=_FILE,
    help="Core file of the death; its notes are read, not its memory.",
)  # fmt: skip
@click.option(
    "--platform", type=click.Choice(PLATFORMS), default=None,
    help="Where it ran. Default: told from the logs, else linux.",
)  # fmt: skip
@click.option(
    "--format", "format_name", type=click.Choice(FORMATS), default="text",
    show_default=True, help="What to write.",
)  # fmt: skip
@click.option(
    "-o", "--output", type=click.Path(), default=STDIN, metavar="FILE",
    help="Where to write. Default: standard output.",
)  # fmt: skip
@click.option(
    "--redact", is_flag=True,
    help="Replace people, hosts, folders, addresses and recognised secrets.",
)  # fmt: skip
@click.option(
    "--redact-names", is_flag=True,
    help="As --redact; also names of functions and files, and source lines.",
)  # fmt: skip
def command(
    exit_status: str | None,
    stderrs: tuple[str, ...],
    kernel_logs: tuple[str, ...],
    logs: tuple[str, ...],
    traces: tuple[str, ...],
    core: str | None,
    platform: str | None,
    format_name: str,
    output: str,
    redact: bool,
    redact_names: bool,
) -> None:
    """
    Explain a death from what it left behind; nothing needs to have been armed.

    Without a log, a core file or a status, standard input is read as text of unknown
    kind and sorted out.
    """
    from kerascrash.cli.device_evidence import with_device_evidence
    from kerascrash.cli.output import print_report, write_report
    from kerascrash.collect.core.case import with_core
    from kerascrash.collect.left_behind import make_case
    from kerascrash.diagnose import diagnose

    named = [(path, "stderr") for path in stderrs]
    named += [(path, "kernel") for path in kernel_logs]
    named += [(path, "system") for path in logs]
    if not named and exit_status is None and core is None:
        named = [(STDIN, "stderr")]
    case = with_core(make_case(_read_all(named), exit_status, platform), core)
    diagnosis = diagnose(with_device_evidence(case, traces, (*stderrs, *logs)))
    if redact or redact_names:
        from kerascrash.cli.sharing import redacted

        diagnosis = redacted(diagnosis, names=redact_names)
    if output == STDIN:
        print_report(diagnosis, format_name)
    else:
        click.echo(write_report(diagnosis, format_name, output))


def _read_all(named: Sequence[tuple[str, str]]) -> list[Log]:
    if sum(path == STDIN for path, _ in named) > 1:
        raise UsageError("standard input (-) can be named only once")
    return [log for path, kind in named for log in _read(path, kind)]


def _read(path: str, kind: str) -> list[Log]:
    from kerascrash.collect.log_text import read_log_file

    try:
        if path != STDIN:
            return read_log_file(path, kind, _show_progress(path))
        if sys.stdin.isatty():
            click.echo("Paste what is left, then Ctrl-D:", err=True)
        return _read_standard_input(kind)
    except OSError as error:
        raise SourceError(f"{path}: cannot be read: {error.strerror}") from None


def _read_standard_input(kind: str) -> list[Log]:
    from kerascrash.collect.log_text import read_log_stream

    facts = os.fstat(sys.stdin.fileno())
    size = facts.st_size if stat.S_ISREG(facts.st_mode) else None
    name = "standard input"
    return read_log_stream(sys.stdin.buffer, kind, name, _show_progress(name), size)


def _show_progress(path: str) -> Callable[[int, int | None], None]:
    """Return what shows how far a long log was read: on a terminal, in place."""
    from kerascrash.report.safe_text import safe_line
    from kerascrash.units import format_bytes

    shown = -1
    name = safe_line(path)

    def show(read: int, size: int | None) -> None:
        nonlocal shown
        step = read // _TELL_FROM
        if step == shown or step == 0:
            return
        shown = step
        if sys.stderr.isatty():
            part = f" of {format_bytes(size)}" if size else ""
            end = "\n" if size and size - read < _TELL_FROM else ""
            click.echo(
                f"\rreading {name}: {format_bytes(read)}{part}{end}", err=True, nl=False
            )
        elif step == 1:
            click.echo(f"reading {name} ({format_bytes(size or read)}) ...", err=True)

    return show


COMMAND = command
