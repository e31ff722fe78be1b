"""A signature names the culprit too: what redaction takes out there, it takes here."""

from __future__ import annotations

from pathlib import Path

import pytest

from kerascrash.collect.dump_case import load_case
from kerascrash.diagnose import diagnose
from kerascrash.redact.diagnosis import make_redactor, redact_diagnosis

DUMP = Path(__file__).resolve().parents[3] / "sample_dumps/list_leak_cgroup/dump.bin.gz"


@pytest.mark.parametrize("names", [False, True])
def test_the_parts_say_what_the_culprit_says(names: bool) -> None:
    diagnosis = diagnose(load_case(DUMP))
    shared = redact_diagnosis(diagnosis, make_redactor(diagnosis, names=names))
    culprit, signature = shared.verdict.culprit, shared.signature
    assert culprit is not None
    assert culprit.place is not None
    assert signature.owner == culprit.owner
    assert signature.place.endswith(culprit.place.function.rsplit(".", 1)[-1])
    assert ("Trainer" in signature.text) is not names
    # Equal deaths stay equal: the id and our own words are not touched.
    assert signature.id == diagnosis.signature.id
    assert signature.cause == "host_oom_cgroup"
