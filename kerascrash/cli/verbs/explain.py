"""``kerascrash explain``: nothing was armed; judge from what is left."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from kerascrash.cli.options import STDOUT, evidence, formats, output, redaction
from kerascrash.errors import SourceError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kerascrash.collect.log_text import Progress
    from kerascrash.model.case import Log

FORMATS = ("text", "md", "json", "html")
PLATFORMS = (
    *("linux", "docker", "k8s", "slurm"),
    *("colab", "kaggle", "notebook", "windows", "macos"),
)
_TELL_FROM = 64 << 20  # bytes from which reading is long enough to show


@click.command(
    epilog="""\b
Examples:
  kerascrash explain --exit 137 --stderr train.err
  dmesg -T | kerascrash explain --exit 137    text of any kind is sorted out
  kerascrash explain                          paste, then Ctrl-D
  kerascrash explain --exit 0xC0000409 --platform windows
  kerascrash explain --core core.4711 --stderr train.err
  kerascrash explain --log slurm-771.out --kernel-log kern.log --format json
  kerascrash explain --stderr train.err --redact --format md    for a public ticket
\b
Exit codes: 0 judged (whatever the verdict, `unknown` too), 2 wrong usage,
6 a log cannot be read."""
)
@evidence
@click.option(
    "--platform", type=click.Choice(PLATFORMS), default=None,
    help="Where it ran. Default: told from the logs, else linux.",
)  # fmt: skip
@formats(FORMATS, "text")
@output()
@redaction
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

    Text on standard input is taken as a log of unknown kind and sorted out: what is
    piped in beside anything else (it is waited for 5 s), and where nothing else is
    named. A log named - is standard input too, to its end.
    """
    from kerascrash.cli.device_evidence import with_device_evidence
    from kerascrash.cli.output import print_report, write_report
    from kerascrash.cli.standard_input import STDIN, UNKNOWN_KIND
    from kerascrash.collect.core.case import with_core
    from kerascrash.collect.left_behind import make_case
    from kerascrash.diagnose import diagnose

    named = [(path, "stderr") for path in stderrs]
    named += [(path, "kernel") for path in kernel_logs]
    named += [(path, "system") for path in logs]
    if not named and exit_status is None and core is None:
        named = [(STDIN, UNKNOWN_KIND)]
    case = with_core(make_case(_read_all(named), exit_status, platform), core)
    diagnosis = diagnose(with_device_evidence(case, traces, (*stderrs, *logs)))
    if redact or redact_names:
        from kerascrash.cli.sharing import redacted

        diagnosis = redacted(diagnosis, names=redact_names)
    if output == STDOUT:
        print_report(diagnosis, format_name)
    else:
        click.echo(write_report(diagnosis, format_name, output))


def _read_all(named: Sequence[tuple[str, str]]) -> list[Log]:
    """Read what was named, and what was piped in beside it."""
    from kerascrash.cli.standard_input import STDIN, read_piped_input

    asked = sum(path == STDIN for path, _ in named)
    if asked > 1:
        raise UsageError("standard input (-) can be named only once")
    logs = [log for path, kind in named for log in _read(path, kind)]
    if not asked:
        logs += _or_error("standard input", read_piped_input)
    return logs


def _read(path: str, kind: str) -> list[Log]:
    from kerascrash.cli.standard_input import STDIN, read_standard_input
    from kerascrash.collect.log_text import read_log_file

    def read(progress: Progress) -> list[Log]:
        if path == STDIN:
            return read_standard_input(kind, progress)
        return read_log_file(path, kind, progress)

    return _or_error(path, read)


def _or_error(name: str, read: Callable[[Progress], list[Log]]) -> list[Log]:
    try:
        return read(_show_progress(name))
    except OSError as error:
        raise SourceError(f"{name}: cannot be read: {error.strerror}") from None


def _show_progress(path: str) -> Progress:
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
