"""Make a diagnosis fit to be shared: the redactor of this machine, and the bundle."""

from __future__ import annotations

import os
import socket
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from kerascrash.redact.diagnosis import (
    make_redactor,
    redact_diagnosis,
    redact_value,
    summary,
)

if TYPE_CHECKING:
    from kerascrash.dump.contents import Dump
    from kerascrash.model.comparison import Comparison
    from kerascrash.model.verdict import Diagnosis
    from kerascrash.redact.redactor import Redactor


def redactor_here(*diagnoses: Diagnosis, names: bool, dumps: Any = ()) -> Redactor:
    """
    Return a redactor that knows the cases, their dumps, and who makes the report.

    The environment of this process counts: a token that is exported here is likely the
    one that the training printed.
    """
    return make_redactor(
        *diagnoses,
        *(part for dump in dumps for part in parts_of(dump)),
        names=names,
        environ=os.environ,
        user=os.environ.get("USER") or os.environ.get("LOGNAME") or "",
        host=socket.gethostname(),
    )


def redacted(diagnosis: Diagnosis, *, names: bool) -> Diagnosis:
    """Return the diagnosis as it may be shown to strangers."""
    return redact_diagnosis(diagnosis, redactor_here(diagnosis, names=names))


def compare_redacted(a: Diagnosis, b: Diagnosis, *, names: bool) -> Comparison:
    """
    Return what differs between two runs, both redacted alike.

    They are redacted before they are compared: what is equal in both has one pseudonym
    and is no difference, and what a record's structure tells (arguments, names) counts.
    """
    from kerascrash.compare import compare

    redactor = redactor_here(a, b, names=names)
    one, two = redact_value(a, redactor), redact_value(b, redactor)
    return replace(compare(one, two), redaction=summary(redactor))


def parts_of(dump: Dump) -> list[Any]:
    """Return every text in a dump, also those that no report shows."""
    older = {f"older {name}": blob.data for name, blob in dump.older_blobs.items()}
    return [
        dump.header.raw,
        {name: blob.data for name, blob in dump.blobs.items()},
        older,
        [event.data for event in dump.events],
        dump.certificate or {},
        *dump.stderr.decode("utf-8", "replace").splitlines(),
    ]
