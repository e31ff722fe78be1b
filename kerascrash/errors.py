"""Every error that kerascrash raises for a person to read."""

from __future__ import annotations


class KerascrashError(Exception):
    """Root: carries the exit code of the command line and what to do about it."""

    exit_code = 1
    help_text = ""


class UsageError(KerascrashError):
    """The command line or a setting does not make sense."""

    exit_code = 2


class DumpError(KerascrashError):
    """A dump cannot be read at all (damage inside one is data, not an error)."""

    exit_code = 3


class NotADump(DumpError):
    """The file does not begin like a dump."""

    help_text = "kerascrash list shows the dumps of this folder."


class VersionTooNew(DumpError):
    """The dump was written by a later version of kerascrash."""

    exit_code = 4
    help_text = "Upgrade with: pip install --upgrade kerascrash"


class NoDumpFound(DumpError):
    """There is no dump where one was looked for."""

    exit_code = 5
    help_text = (
        "Arm the script first: put `import kerascrash.arm` on its first line, or "
        "start it with `kerascrash run`. Nothing armed? `kerascrash explain` reads "
        "logs."
    )


class SourceError(KerascrashError):
    """A log or another source named by the user cannot be read."""

    exit_code = 6
