"""Settings from the environment: what is understood, and what is said of the rest."""

from __future__ import annotations

import pytest

from kerascrash.dump.layout import DEFAULT_SIZE
from kerascrash.record.settings import read_settings


def test_nothing_said_means_the_defaults() -> None:
    settings = read_settings({})
    assert settings.enabled is None
    assert settings.size == DEFAULT_SIZE
    assert (settings.watcher, settings.warn, settings.source) == (True, True, True)
    assert (settings.quiet, settings.keep_always, settings.stderr) == (False,) * 3
    assert settings.problems == []


@pytest.mark.parametrize(
    ("text", "enabled"), [("1", True), ("yes", True), ("0", False), ("", False)]
)
def test_the_switch_for_arming(text: str, enabled: bool) -> None:
    assert read_settings({"KERASCRASH": text}).enabled is enabled


@pytest.mark.parametrize(
    ("text", "size"), [("1MiB", 1 << 20), ("262144", 1 << 18), (" 2 m ", 2 << 20)]
)
def test_sizes_as_people_write_them(text: str, size: int) -> None:
    settings = read_settings({"KERASCRASH_SIZE": text})
    assert (settings.size, settings.problems) == (size, [])


@pytest.mark.parametrize("text", ["abc", "-1", "1KiB", "2TiB", "nan", "1e400", "8 MM"])
def test_a_size_that_makes_no_sense_is_named_and_the_default_used(text: str) -> None:
    settings = read_settings({"KERASCRASH_SIZE": text})
    assert settings.size == DEFAULT_SIZE
    ((name, value, problem),) = settings.problems
    assert (name, value) == ("KERASCRASH_SIZE", text)
    assert "using 8.0 MiB" in problem


@pytest.mark.parametrize(
    "name",
    [
        "KERASCRASH",
        "KERASCRASH_WATCHER",
        "KERASCRASH_OUTSIDE",
        "KERASCRASH_QUIET",
        "KERASCRASH_WARN",
        "KERASCRASH_KEEP",
        "KERASCRASH_PROFILE",
        "KERASCRASH_STDERR",
    ],
)
def test_every_other_setting_reports_nonsense_too(name: str) -> None:
    settings = read_settings({name: "perhaps"})
    assert [problem[0] for problem in settings.problems] == [name]


@pytest.mark.parametrize(("text", "steps"), [("100", 100), ("0", 0), ("", 0)])
def test_a_number_of_steps(text: str, steps: int) -> None:
    settings = read_settings({"KERASCRASH_PROFILE": text})
    assert (settings.profile_every, settings.problems) == (steps, [])


@pytest.mark.parametrize(("text", "keep"), [("always", True), ("", False), ("1", True)])
def test_keeping_dumps(text: str, keep: bool) -> None:
    settings = read_settings({"KERASCRASH_KEEP": text})
    assert (settings.keep_always, settings.problems) == (keep, [])
