"""Make a diagnosis fit to be shared: the redactor of this machine, and the bundle."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING, Any

from kerascrash.redact.diagnosis import make_redactor, redact_diagnosis

if TYPE_CHECKING:
    from kerascrash.dump.contents import Dump
    from kerascrash.model.verdict import Diagnosis
    from kerascrash.redact.redactor import Redactor


def redactor_here(diagnosis: Diagnosis, *, names: bool, dumps: Any = ()) -> Redactor:
    """
    Return a redactor that knows the case, its dumps, and who makes the report.

    The environment of this process counts: a token that is exported here is likely the
    one that the training printed.
    """
    return make_redactor(
        diagnosis,
        *(part for dump in dumps for part in parts_of(dump)),
        names=names,
        environ=os.environ,
        user=os.environ.get("USER") or os.environ.get("LOGNAME") or "",
        host=socket.gethostname(),
    )


def redacted(diagnosis: Diagnosis, *, names: bool) -> Diagnosis:
    """Return the diagnosis as it may be shown to strangers."""
    return redact_diagnosis(diagnosis, redactor_here(diagnosis, names=names))


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
