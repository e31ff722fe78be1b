"""
A diagnosis without what should not be shared, the same in every format.

The verdict was reached before: nothing is judged by what is left.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

from kerascrash.model.case import Log, Series
from kerascrash.model.evidence import Place
from kerascrash.model.redaction import Redaction, Replaced
from kerascrash.model.verdict import Diagnosis
from kerascrash.redact.knowledge import Knowledge
from kerascrash.redact.redactor import Redactor

_T = TypeVar("_T")
_WORDS_OF_OURS = frozenset(
    {
        ("Hypothesis", "id"),
        ("Finding", "id"),
        ("Verdict", "cause"),
        ("Verdict", "factor"),
        ("Verdict", "second_factor"),
        ("Verdict", "certainty"),
        ("Culprit", "growth_per"),
        ("Log", "kind"),
        ("Mark", "kind"),
        ("ExitStatus", "known_by"),
        ("LedgerLine", "known_by"),
        ("Case", "platform"),
        ("Recording", "state"),
        ("ProgressLost", "stage"),
        ("Signature", "id"),
        ("Signature", "cause"),
        ("Signature", "factor"),
        ("Trace", "status"),
        ("Trace", "format"),
    }
)
"""Fields that hold our own vocabulary: changed, they would mean something else."""
_NAMED = {
    "Culprit": ("owner",),
    "Place": ("function",),
    "Signature": ("owner", "place"),
}
_KEYS = ("argv", "boot_id")
_KEPT = (
    "names of files, and of folders below the project's folder",
    "versions, kernel, processor, sizes, times, process and user numbers",
    "options of the command line, and numbers given to them",
    "log lines and messages, less what was recognised in them",
)
_KEPT_NAMES = (
    "names of variables, functions, classes and layers (--redact-names takes them out)",
    "source lines around the place to blame and at the top of the stacks",
)


def make_redactor(
    *values: Any,
    names: bool = False,
    environ: Mapping[str, str] | None = None,
    user: str = "",
    host: str = "",
) -> Redactor:
    """
    Return a redactor that knows all values: diagnoses, cases, JSON data.

    ``environ``, ``user`` and ``host`` are those of the machine that makes the report.
    """
    known = Knowledge()
    known.learn_environ(environ or {})
    known.identities.add("user", user)
    known.identities.add_host(host)
    for value in values:
        known.learn(value)
    return Redactor(known, names=names)


def redact_diagnosis(diagnosis: Diagnosis, redactor: Redactor) -> Diagnosis:
    """Return the diagnosis with every text replaced, and the list of what was."""
    changed = redact_value(diagnosis, redactor)
    return replace(changed, redaction=summary(redactor))


def summary(redactor: Redactor) -> Redaction:
    """Return what was replaced so far, and what is not replaced by this redactor."""
    return Redaction(
        names=redactor.names,
        replaced=tuple(Replaced(*row) for row in redactor.counts()),
        kept=_KEPT if redactor.names else (*_KEPT, *_KEPT_NAMES),
    )


def redact_value(value: _T, redactor: Redactor, key: str = "") -> _T:
    """Return a dataclass of the model, or what it holds, with its texts replaced."""
    changed: Any = value
    if isinstance(value, Log):
        texts = redactor.lines([line.text for line in value.lines])
        rows = zip(value.lines, texts, strict=True)
        lines = tuple(replace(line, text=text) for line, text in rows)
        changed = replace(value, lines=lines, source=redactor.text(value.source))
    elif is_dataclass(value) and not isinstance(value, (type, Series)):
        changed = _fields_of(value, redactor)
    elif isinstance(value, tuple) and any(map(is_dataclass, value)):
        changed = tuple(redact_value(item, redactor, key) for item in value)
    elif isinstance(value, (str, tuple, list, Mapping, set, frozenset)):
        changed = redactor.value(value, key)
    return changed  # type: ignore[no-any-return]


def _fields_of(value: Any, redactor: Redactor) -> Any:
    kind = type(value).__name__
    changes = {}
    for each in fields(value):
        old = getattr(value, each.name)
        if (kind, each.name) in _WORDS_OF_OURS:
            continue
        # A field's name is no key of a user's record, but for those that hold names.
        named = each.name in _NAMED.get(kind, ()) or each.name in _KEYS
        new = redact_value(old, redactor, each.name if named else "")
        if new is not old and new != old:
            changes[each.name] = new
    if isinstance(value, Place) and redactor.names:
        changes["excerpt"] = ()
    return replace(value, **changes) if changes else value
