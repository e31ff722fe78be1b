"""
Lines of crash reports that speak of another program than the training.

People export a whole event log, or paste every report of a folder: the access
violation of a browser is not ours. Only reports that name their program count; a line
outside of a report is always looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from kerascrash.detect._kernel_lines import is_pythonic
from kerascrash.model.case import Log, LogLine

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
