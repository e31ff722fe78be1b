"""Exit statuses in every spelling in which people meet them."""

from __future__ import annotations

import pytest

from kerascrash.collect.exit_status import parse_exit_status
from kerascrash.errors import UsageError


@pytest.mark.parametrize(
    ("text", "signal"),
    [
        ("137", 9), ("-9", 9), ("247", 9), ("SIGKILL", 9), ("kill", 9), ("sigkill", 9),
        ("signal 9", 9), ("Signal: 9", 9), ("128+9", 9), ("0:9", 9), ("Killed", 9),
        ("exit code 137 (interrupted by signal 9: SIGKILL)", 9), ("wait status 9", 9),
        ("139", 11), ("-11", 11), ("SIGSEGV", 11), ("245", 11), ("0:11", 11),
        ("Segmentation fault (core dumped)", 11), ("134", 6), ("-6", 6), ("Aborted", 6),
        ("132", 4), ("135", 7), ("136", 8), ("143", 15), ("130", 2), ("129", 1),
        ("wait status 0x8b", 11), ("0:137", 9),
    ],
)  # fmt: skip
def test_signals(text: str, signal: int) -> None:
    status = parse_exit_status(text)
    assert (status.signal, status.code, status.ntstatus) == (signal, None, None)
    assert status.raw == text
    assert status.known_by == "given"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0xC0000409", 0xC0000409), ("-1073740791", 0xC0000409),
        ("3221226505", 0xC0000409), ("-1073740791 (0xC0000409)", 0xC0000409),
        ("0xc0000005", 0xC0000005), ("-1073741819", 0xC0000005),
        ("0xE06D7363", 0xE06D7363),
    ],
)  # fmt: skip
@pytest.mark.parametrize("platform", ["windows", "linux"])
def test_windows_statuses(text: str, value: int, platform: str) -> None:
    status = parse_exit_status(text, platform)
    assert (status.ntstatus, status.signal, status.code) == (value, None, None)


@pytest.mark.parametrize(
    ("text", "code"),
    [("0", 0), ("1", 1), ("2", 2), ("-1", -1), ("1:0", 1), ("-102", -102),
     ("wait status 256", 1), ("127", 127), ("255", 255), ("exit code 3", 3)],
)  # fmt: skip
def test_codes(text: str, code: int) -> None:
    status = parse_exit_status(text)
    assert (status.code, status.signal, status.ntstatus) == (code, None, None)


def test_windows_codes_are_no_signals() -> None:
    assert parse_exit_status("137", "windows").code == 137
    assert parse_exit_status("-9", "windows").code == -9


def test_the_core_is_noted() -> None:
    assert parse_exit_status("Segmentation fault (core dumped)").core_dumped
    assert not parse_exit_status("139").core_dumped


def test_macos_numbers_its_bus_error_otherwise() -> None:
    assert parse_exit_status("138", "macos").signal == 7


@pytest.mark.parametrize("text", ["", "  ", "what?", "SIGFOO", "\x1b[31m", "0x", "::"])
def test_nonsense_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError, match="not an exit status"):
        parse_exit_status(text)


@pytest.mark.parametrize(
    ("text", "signal"),
    [
        ("code=killed, status=9/KILL", 9),
        ("status=11/SEGV", 11),
        ("Exited (137) 2 minutes ago", 9),
        ("<Signals.SIGKILL: 9>", 9),
        ("Bus error: 10", 7),  # macOS numbers it so; the words say which it is
        ("zsh: killed     python train.py", 9),
        ("signal: segmentation fault (core dumped)", 11),
        ("Trace/breakpoint trap", 5),
        ("User defined signal 1", 10),
        ("wstatus=9", 9),
        ("34304", 6),  # os.system(): 134 in the high byte
        ("\u22129", 9),  # a minus sign as word processors set it
        ("\uff11\uff13\uff17", 9),
        ("0x89", 9),
        ("OUT_OF_ME+", 125),
        ("SIGRTMIN+3", 37),
        ("\x1b[31m137\x1b[0m", 9),
    ],
)
def test_spellings_of_a_signal(text: str, signal: int) -> None:
    assert parse_exit_status(text).signal == signal


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("C0000409", 0xC0000409),
        ("STATUS_ACCESS_VIOLATION", 0xC0000005),
        ("0xFFFFFFFFC0000005", 0xC0000005),
        ("Process finished with exit code -1073740791 (0xC0000409)", 0xC0000409),
    ],
)
def test_spellings_of_a_windows_status(text: str, status: int) -> None:
    assert parse_exit_status(text, "windows").ntstatus == status


@pytest.mark.parametrize("text", ["4294967295", "0xFFFFFFFF", "-1"])
def test_minus_one_has_three_spellings(text: str) -> None:
    assert parse_exit_status(text, "windows").code == -1


@pytest.mark.parametrize("text", ["1 2 3", "3.5", "signal 0", "signal 999", "9" * 20])
def test_what_could_mean_anything_is_not_guessed_at(text: str) -> None:
    with pytest.raises(UsageError, match="not an exit status"):
        parse_exit_status(text)
