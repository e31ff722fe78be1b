"""The table of layers and the measures, on every page that shows them."""

from __future__ import annotations

from pathlib import Path

import pytest

from kerascrash.collect.dump_case import load_case
from kerascrash.diagnose import diagnose
from kerascrash.model.verdict import Diagnosis, LayerRow, LayerTable
from kerascrash.report import html, jsonfile, markdown
from kerascrash.report.layers import dominating, layer_view

SAMPLES = Path(__file__).resolve().parents[3] / "sample_dumps"


@pytest.fixture(scope="module")
def died() -> Diagnosis:
    """A real death by its model."""
    return diagnose(load_case(SAMPLES / "model_too_large" / "dump.bin.gz"))


def row(name: str, share: float, *, dominates: bool = False) -> LayerRow:
    size = int(share * 1000)
    return LayerRow(name, "Dense", (4,), 10, size, 0, share, dominates=dominates)


def test_the_layer_that_dominates_is_marked_everywhere(died) -> None:
    assert died.layers is not None
    assert [one.name for one in died.layers.rows if one.dominates] == ["mix"]
    page = html.render(died)
    assert page.count("▲</b> <code>mix</code>") == 1
    assert "▲</b> <code>expand</code>" not in page
    assert "| ▲ `mix` Dense | (batch, 8192) | 67,117,056 |" in markdown.render(died)
    told = jsonfile.as_object(died)["layers"]["layers"]
    assert [one["name"] for one in told if one["dominates"]] == ["mix"]
    assert sum(one["share"] for one in told) == pytest.approx(1.0, abs=0.01)


def test_each_measure_has_its_line_on_the_page(died) -> None:
    page = html.render(died)
    assert "What each measure would bring" in page
    assert "Knowledge distillation" in page
    assert "| Pruning | no | – |" in markdown.render(died)


def test_without_a_model_there_is_no_table() -> None:
    leak = diagnose(load_case(SAMPLES / "list_leak_cgroup" / "dump.bin.gz"))
    assert leak.layers is None
    assert "What each layer needs" not in html.render(leak)


def test_layers_alike_have_none_that_dominates() -> None:
    table = LayerTable("net", 8, 1, 1, tuple(row(f"d{n}", 0.01) for n in range(100)))
    assert dominating(table) == "No layer stands out."
    view = layer_view(table)
    assert len(view["rows"]) == 60
    assert view["rest"] == 40
