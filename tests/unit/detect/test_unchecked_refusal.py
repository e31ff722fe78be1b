"""A crash right after a refusal of a pool, and crashes that only share the log."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from kerascrash.cli import group

REFUSED = """\
W0000 bfc_allocator.cc:501] Allocator (GPU_0_bfc) ran out of memory trying to allocate \
384.00MiB (rounded to 402653184)requested by op model/conv2d_1/Relu
W0000 op_kernel.cc:1858] OP_REQUIRES failed at mkl_util.h:848 : RESOURCE_EXHAUSTED: \
OOM when allocating tensor with shape[768,64,64,32] and type float on \
/job:localhost/replica:0/task:0/device:GPU:0 by allocator GPU_0_bfc
"""
CAUGHT = REFUSED + "the batch is halved\n" + "reading a file\n" * 9


@pytest.mark.parametrize(
    ("words", "status", "seen"),
    [
        (REFUSED, "139", True),
        (REFUSED + "Segmentation fault (core dumped)\n", "139", True),
        (REFUSED, "1", False),
        (REFUSED + "12/100 [==>....] - 4s - loss: 0.4\n", "139", False),
        (CAUGHT, "139", False),
        ("Segmentation fault (core dumped)\n", "139", False),
    ],
    ids=["at once", "the shell's word", "raised", "went on", "much later", "alone"],
)
def test_a_crash_without_the_memory_asked_for(
    words: str, status: str, seen: bool, tmp_path: Path
) -> None:
    log = tmp_path / "train.err"
    log.write_text(words)
    options = ["explain", "--exit", status, "--stderr", str(log), "--format", "json"]
    report = json.loads(CliRunner().invoke(group, options).output)
    found = {finding["id"] for finding in report["findings"]}
    assert ("refusal_unchecked" in found) == seen
    if seen:
        assert report["verdict"]["cause"] == "gpu_oom"
        assert "SIGSEGV" in report["verdict"]["summary"]
