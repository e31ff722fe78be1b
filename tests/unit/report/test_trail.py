"""Stacks folded, facts told once, and where the links to them lead."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from kerascrash.model.case import Recording
from kerascrash.model.evidence import Evidence, Finding
from kerascrash.report import html
from kerascrash.report.charts.spark import spark_words
from kerascrash.report.held import inventory_rows
from kerascrash.report.trail import citations, citing, folded_calls, log_views
from kerascrash.report.words import file_name, percent

if TYPE_CHECKING:
    from kerascrash.model.verdict import Diagnosis

SITE = "/venv/lib/python3.11/site-packages"


def frames(*files: str) -> list[dict[str, Any]]:
    return [
        {
            "file": file,
            "line": 1,
            "function": "f",
            "user": "/" not in file,
            "source": "",
        }
        for file in files
    ]


def test_calls_of_libraries_are_folded_but_the_innermost() -> None:
    parts = folded_calls(
        frames(
            f"{SITE}/tensorflow/python/eager/execute.py",
            f"{SITE}/keras/src/a.py",
            f"{SITE}/keras/src/b.py",
            "/usr/lib/python3.11/threading.py",
            "train.py",
        )
    )
    assert [(len(part["frames"]), part["says"]) for part in parts] == [
        (1, ""),
        (3, "3 calls inside keras, Python's library"),
        (1, ""),
    ]


def test_a_few_calls_of_libraries_and_all_of_the_script_are_shown() -> None:
    stack = frames("a.py", "b.py", f"{SITE}/keras/c.py", "d.py", "e.py", "f.py")
    parts = folded_calls(stack)
    assert all(part["says"] == "" for part in parts)
    assert [frame for part in parts for frame in part["frames"]] == stack


def test_a_fact_read_twice_is_told_once_and_every_link_leads_to_it(
    diagnosis: Diagnosis,
) -> None:
    said = [Evidence(f"twin-{n}", "dump:events", "refused", 5.0) for n in (1, 2)]
    other = Evidence("twin-3", "dump:events", "refused", 6.0)
    doubled = replace(diagnosis, evidence=(*diagnosis.evidence, *said, other))
    cited = citations(doubled)
    assert [e.id for e in cited if e.id.startswith("twin")] == ["twin-1", "twin-3"]
    cites = citing(cited)
    assert [e.id for e in cites(Finding("x", "x", 1.0, (said[1],)))] == ["twin-1"]
    page = html.render(doubled)
    links = set(re.findall(r'href="#(evidence-[^"]+)"', page))
    assert links
    assert links <= set(re.findall(r'id="(evidence-[^"]+)"', page))


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("/var/log/kernel.log", "kernel.log"),
        ("C:\\logs\\err.txt", "err.txt"),
        ("dump:certificate", "dump:certificate"),
        ("exit status", "exit status"),
        ("/", "/"),
    ],
)
def test_of_a_path_a_table_shows_the_file(source: str, shown: str) -> None:
    assert file_name(source) == shown


def test_what_lists_in_a_dict_hold_is_said(diagnosis: Diagnosis) -> None:
    recording = diagnosis.case.recording
    assert isinstance(recording, Recording)
    entry = {"owner": "cache", "kind": "dict of 4 list", "type": "dict", "bytes": 4e8}
    nested = {"type": "list", "inside": "ndarray", "shape": None, "dtype": None}
    cases = (
        ({"element": nested, "dtypes": {"float32": 4e8, "other": 96}},
         "dict of 4 lists, which hold float32 ndarrays"),
        ({"element": {**nested, "inside": ""}, "dtypes": {"float32": 4e8}},
         "dict of 4 lists, which hold float32 data"),
        ({"element": nested, "dtypes": {"other": 4e8}},
         "dict of 4 lists, which hold ndarrays"),
        ({"element": {**nested, "inside": ""}}, "dict of 4 lists"),
        ({"element": {"type": "ndarray", "dtype": "float32"}}, "dict of 4 lists"),
        ({"element": None}, "dict of 4 lists"),
    )  # fmt: skip
    for more, said in cases:
        inventory = {"entries": [{**entry, **more}]}
        case = replace(
            diagnosis.case, recording=replace(recording, inventory=inventory)
        )
        assert inventory_rows(case)["rows"][0]["kind"] == said


def test_a_log_that_was_given_and_found_is_shown_once(diagnosis: Diagnosis) -> None:
    logs = diagnosis.case.logs
    assert logs
    doubled = replace(diagnosis, case=replace(diagnosis.case, logs=(*logs, *logs)))
    assert len(log_views(doubled)) == len(log_views(diagnosis)) == len(logs)


def test_a_curve_says_from_where_to_where() -> None:
    assert spark_words([[1, 5.0, 0], [2, 6.0, 2 << 20]]) == ": from 0 B to 2.0 MiB"
    assert spark_words([[1, 5.0, 1024], [2, 6.0, 1024]]) == ": 1.0 KiB all along"
    assert spark_words([[1, 5.0, 1024]]) == ""


def test_a_share_keeps_its_sign() -> None:
    assert [percent(share) for share in (-0.052, -0.001, 0, 0.001)] == [
        "−5 %", "0 %", "0 %", "< 1 %",
    ]  # fmt: skip
