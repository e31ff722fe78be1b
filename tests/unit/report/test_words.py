from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from kerascrash.model.verdict import Culprit, ProgressLost
from kerascrash.report import brief, markdown, terminal, words
from kerascrash.report.format import find_formats

if TYPE_CHECKING:
    from kerascrash.model.verdict import Diagnosis


@pytest.mark.parametrize(
    ("share", "said"),
    [(0, "0 %"), (0.001, "< 1 %"), (0.98, "98 %"), (0.999, "> 99 %"), (1, "100 %")],
)
def test_nearly_sure_is_not_sure(share: float, said: str) -> None:
    assert words.percent(share) == said


def test_a_time_beyond_the_calendar_is_unknown() -> None:
    assert words.utc(1e300) == words.utc(None) == "unknown"
    assert words.utc(1_795_441_402.5) == "2026-11-23 13:43:22 UTC"
    assert words.utc(1_795_441_402.5, date=False) == "13:43:22.500"


def test_progress_is_told_from_the_numbers_when_nobody_put_it_in_words() -> None:
    lost = ProgressLost("fit", 6, 1920)
    assert words.progress_text(lost) == (
        "Died during fit, epoch 7, after 1,920 steps in all. "
        "No checkpoint was seen: the work of this run is lost."
    )
    assert words.progress_text(ProgressLost()) == ""


def test_the_three_lines(diagnosis: Diagnosis) -> None:
    assert brief.render(diagnosis, "kerascrash-dumps/my run.bin") == (
        "kerascrash: killed by the kernel: container memory limit (8.0 GiB) reached.\n"
        "  `Trainer.history` (train.py:41) holds 1,920 EagerTensors = 7.5 GiB, "
        "+4.0 MiB per step.\n"
        "  Full report: kerascrash report 'kerascrash-dumps/my run.bin'\n"
    )


def test_the_three_lines_admit_doubt(diagnosis: Diagnosis) -> None:
    verdict = replace(diagnosis.verdict, confidence=0.6, certainty="")
    doubtful = replace(diagnosis, verdict=verdict)
    assert "reached. (likely, 60 %)\n" in brief.render(doubtful)


@pytest.mark.parametrize("width", [40, 80, 160])
def test_text_keeps_within_the_width(diagnosis: Diagnosis, width: int) -> None:
    text = terminal.render(diagnosis, width)
    assert max(len(line) for line in text.splitlines()) <= width
    assert "Trainer.history" in text
    assert ">    41" in text
    assert "saves about" in text


def test_markdown_says_the_same_as_the_page(diagnosis: Diagnosis) -> None:
    text = markdown.render(diagnosis)
    assert text.startswith("## Killed by the kernel")
    for said in (
        "`host_oom_cgroup`", "`Trainer.history`", ">    41", "saves about 7.3 GiB",
        "▁", "`ckpt/e5.keras`",
    ):  # fmt: skip
        assert said in text
    assert len(text.encode()) < 20_000


@pytest.mark.parametrize("name", ["html", "md", "json", "text"])
def test_every_format_tells_the_signature(diagnosis: Diagnosis, name: str) -> None:
    render = find_formats()[name].render
    assert "84a219e2ad" in render(diagnosis)
    assert "train.py, train" in " ".join(render(diagnosis).split())


def test_nothing_known_is_said_in_every_format(empty_diagnosis: Diagnosis) -> None:
    for text in (markdown.render(empty_diagnosis), terminal.render(empty_diagnosis)):
        assert "Cannot tell how it died." in text
        assert "the script was not armed" in text


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        ("list of 1,920 EagerTensors", "held"),
        ("float64 array of shape (9, 9) that was refused", "asked for"),
        ("result [9,9] float32 that did not fit", "asked for"),
        ("batch of 512 samples", "needed in all"),
        ("made by one line", "needed"),
    ],
)
def test_bytes_that_were_never_had_are_not_held(kind: str, word: str) -> None:
    assert words.held_word(Culprit("x", kind, 1)) == word
