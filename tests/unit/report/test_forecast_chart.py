"""The forecast as a chart: what it shows, what it says, and when there is none."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from kerascrash.report.charts.forecast import build_forecast

if TYPE_CHECKING:
    from kerascrash.model.verdict import Diagnosis

GIB = 1 << 30


@pytest.fixture
def facts(diagnosis: Diagnosis) -> dict[str, Any]:
    return dict(diagnosis.forecast)


def test_it_shows_what_died_what_fits_and_the_limit(facts: dict[str, Any]) -> None:
    chart = build_forecast(facts)
    assert chart is not None
    assert chart.fits is not None
    assert (chart.ran.batch, chart.fits.batch) == (128, 96)
    assert chart.fits.at < chart.ran.at <= 100
    # Down is less: what fits lies below the limit, what died above it.
    assert chart.ran.y < chart.limit_y < chart.fits.y
    assert [spot.batch for spot in chart.measured] == [32]
    assert chart.span is not None
    assert chart.span[0] < chart.fits.at < chart.span[1]
    assert chart.message == (
        "A batch of 96 should fit in the 8.0 GiB allowed (90 % interval: 88 to 104): "
        "it needs about 7.5 GiB. Batch 128 needs about 10.0 GiB (9.0 GiB to 11.0 "
        "GiB): too much."
    )


def test_sizes_are_what_the_limit_counts(facts: dict[str, Any]) -> None:
    """The peak of 7.6 GiB resident has 90 MiB of mapped files in it."""
    chart = build_forecast(facts)
    whole = build_forecast({**facts, "mapped_bytes": 0})
    assert chart is not None
    assert whole is not None
    assert chart.ran.size == "10.0 GiB"
    assert whole.ran.size == "10.1 GiB"


def test_a_batch_that_fitted_is_said_to_fit(facts: dict[str, Any]) -> None:
    fits = {"batch_size": 192, "low": 170, "high": 210, "limit_bytes": 16 * GIB}
    chart = build_forecast({**facts, "fits": fits, "limit_bytes": 16 * GIB})
    assert chart is not None
    assert not chart.too_large
    assert chart.message.endswith("and fits in the 16.0 GiB allowed.")


def test_not_even_one_fits(facts: dict[str, Any]) -> None:
    chart = build_forecast({**facts, "fits": None, "limit_bytes": GIB})
    assert chart is not None
    assert chart.fits is None
    assert "not even a batch of 1 fits" in chart.message


@pytest.mark.parametrize(
    "missing",
    [
        {"limit_bytes": None},
        {"batch_size": None},
        {"points": []},
        {"points": [{"batch_size": 128, "peak_bytes": "much"}]},
        {"batch_size": 7},
        # Memory was no matter: a tiny share of the limit.
        {"limit_bytes": 900 * GIB, "fits": {"batch_size": 190}},
    ],
)
def test_without_the_facts_there_is_no_chart(
    facts: dict[str, Any], missing: dict[str, Any]
) -> None:
    assert build_forecast({**facts, **missing}) is None


def test_the_figure_is_small_and_carries_its_message(page: str) -> None:
    figure = re.findall(r'<figure class="forecast".*?</figure>', page, re.DOTALL)
    assert len(figure) == 1
    assert len(figure[0].encode()) <= 30 * 1024
    assert (
        'aria-label="Peak memory against batch size. A batch of 96 should fit'
        in figure[0]
    )
    assert "✕ 128 died" in figure[0]
    assert "✓ 96 fits" in figure[0]
