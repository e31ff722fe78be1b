"""A cgroup that the kernel names: the process's own, its parents', or a stranger's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from kerascrash.diagnose import diagnose
from kerascrash.model.case import Log, LogLine
from tests.unit.conftest import START, CaseBuilder

REFUSED = "cgroup: fork rejected by pids controller in {}"


@pytest.mark.parametrize(
    ("own", "version", "pids", "named", "ours"),
    [
        ("/jobs/7", 2, -1, "/jobs/7", True),
        ("/jobs/7", 2, 90, "/jobs", True),
        ("/jobs/7", 2, -1, "/jobs/8", False),
        ("/jobs/7", 2, 90, "/jobs/71", False),
        ("/jobs/7", 2, 90, "/docker/4f0a/jobs/7", True),  # in a namespace of cgroups
        ("/", 2, -1, "/kubepods/pod4/ab", True),  # nothing can be told
        ("/mem/7", 1, 90, "/pids/9", True),  # each controller has a tree of its own
        ("/mem/7", 1, -1, "/pids/9", False),
    ],
)
def test_a_refused_fork_is_of_the_cgroup_it_names(
    training: Callable[..., CaseBuilder],
    own: str,
    version: int,
    pids: int,
    named: str,
    ours: bool,
) -> None:
    builder = training()
    builder.environment = {"cgroup": {"version": version, "path": own}}
    builder.limits = {"pids_max": pids}
    line = LogLine(1, REFUSED.format(named), START + 19.5)
    case = replace(builder.build(), logs=(Log("kernel", "kernel.log", (line,)),))
    found = {finding.id for finding in diagnose(case).findings}
    assert ("thread_limit" in found) is ours
