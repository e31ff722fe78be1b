"""
Lines that speak of another program than the training, or of another control group.

People export a whole event log, or paste every report of a folder: the access
violation of a browser is not ours. Only reports that name their program count; a line
outside of a report is always looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from kerascrash.detect._kernel_lines import is_pythonic
from kerascrash.model.case import Case, Log, LogLine, Recording

# Where the record of one crash begins, and which program it is about. Windows writes
# the first line in the language of the machine, but always as `NAME.exe, version: N`.
_PROGRAM = re.compile(
    r"\b(?P<win>[\w.+-]+\.exe),? +[vV]ers\w+ ?: ?[\d.]+"
    r"|<EventData><Data(?: Name='AppName')?>(?P<xml>[^<]+)</Data>"
    r"|^Sig\[0\]\.Value=(?P<wer>.+)"
    r"|^\{\"app_name\" ?: ?\"(?P<ips>[^\"]+)\""
    r"|^Process: +(?P<mac>\S.*?) +\[\d+\]"
)
_RECORD = re.compile(  # another record of an event log, which is about something else
    r"^(?:Log Name|Protokollname|Nom du journal|Nombre de registro)\b|<Event xmlns"
    r"|^(?:Error|Warning|Information|Critical|Fehler|Warnung|Erreur|Avertissement),"
)
_CHEAP = (".exe", "app_name", "Process:", "Sig[0]")


def foreign_lines(logs: Iterable[Log]) -> dict[str, frozenset[int]]:
    """Return by source the numbers of lines that reports of other programs take."""
    texts: dict[str, list[LogLine]] = {}
    for log in logs:  # the lines of one report were sorted into several kinds
        texts.setdefault(log.source, []).extend(log.lines)
    return {source: frozenset(_numbers(lines)) for source, lines in texts.items()}


def _numbers(lines: list[LogLine]) -> Iterator[int]:
    if not any(word in line.text for line in lines for word in _CHEAP):
        return
    foreign = False
    for line in sorted(lines, key=lambda line: line.number):
        found = _PROGRAM.search(line.text)
        if found:
            name = next(one for one in found.groups() if one)
            foreign = not is_pythonic(name)
        elif _RECORD.search(line.text):
            foreign = False
        if foreign:
            yield line.number


def is_foreign_group(case: Case, cgroup: str) -> bool:
    """
    Tell that a pids cgroup of the kernel log is surely not one of the process's.

    The kernel spells paths from the machine's root. Where the process saw its own from
    there or from a root below it, the ends agree; its own may also lie deeper.
    """
    if not cgroup or not isinstance(case.recording, Recording):
        return False
    own = case.recording.environment.get("cgroup", {}).get("pids_path")
    if not own or own == "/":  # its group is the root of what it can see
        return False
    return not (cgroup.endswith(own) or f"{own}/".startswith(f"{cgroup}/"))
