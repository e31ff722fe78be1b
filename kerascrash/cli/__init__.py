"""
The command line: a group that loads its verbs by file name, and one place for errors.

A verb returns its exit code (None is 0) or raises a KerascrashError, which becomes
one line on standard error here and nowhere else.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
from typing import TYPE_CHECKING

import click

from kerascrash import __version__
from kerascrash.errors import KerascrashError

if TYPE_CHECKING:
    from collections.abc import Sequence

INTERRUPTED = 130  # 128 + SIGINT, as shells report it
VERBS = f"{__name__}.verbs"


class VerbGroup(click.Group):
    """The verbs are the modules of ``cli/verbs``; only the one called is imported."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 click's
        """Return the names of all verbs, hidden ones too."""
        package = importlib.import_module(VERBS)
        return sorted(m.name for m in pkgutil.iter_modules(package.__path__))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the verb's command, or None when there is no such file."""
        if cmd_name not in self.list_commands(ctx):
            return None
        command = importlib.import_module(f"{VERBS}.{cmd_name}").COMMAND
        assert isinstance(command, click.Command)
        command.name = cmd_name
        return command


@click.group(
    cls=VerbGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="""\b
Examples:
  kerascrash report            read the newest dump, write the HTML report
  kerascrash run train.py      train under watch, no change to the script
  kerascrash demo              see it work on a script that really dies
\b
Exit codes: 0 done, 1 failed, 2 wrong usage, 3 not a dump, 4 dump of a newer
version, 5 no dump found, 6 a source cannot be read, 130 interrupted.
`run` exits as the script did.""",
)
@click.version_option(__version__, prog_name="kerascrash")
def group() -> None:
    """
    Say why a Keras training script died: cause, culprit, what would have fitted.

    Put `import kerascrash.arm` on the first line of the script, or start it with
    `kerascrash run`; after a death, `kerascrash report` explains it.
    """


def main(args: Sequence[str] | None = None) -> None:
    """Run the command line and leave with its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a locale without UTF-8 must not stop us
            stream.reconfigure(errors="backslashreplace")
    try:
        result = group.main(args, prog_name="kerascrash", standalone_mode=False)
    except KerascrashError as error:
        sys.exit(_tell(str(error), error.help_text, error.exit_code))
    except click.UsageError as error:
        path = error.ctx.command_path if error.ctx else "kerascrash"
        help_text = f"See: {path} --help"
        sys.exit(_tell(error.format_message(), help_text, error.exit_code))
    except click.ClickException as error:
        sys.exit(_tell(error.format_message(), "", error.exit_code))
    except click.Abort:
        sys.exit(INTERRUPTED)
    except OSError as error:
        sys.exit(_tell(str(error), "", 1))
    sys.exit(result if isinstance(result, int) else 0)


def _tell(message: str, help_text: str, exit_code: int) -> int:
    """Write the error and what to do about it as one line; return the exit code."""
    from kerascrash.report.safe_text import safe_line

    end = "" if message.endswith((".", "?")) else "."
    text = f"{message}{end} {help_text}" if help_text else message
    click.echo(f"kerascrash: error: {safe_line(text)}", err=True)
    return exit_code
