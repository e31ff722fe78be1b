"""
Observe the exit status: which signal, which code, which Windows status.

It says how the process ended, hardly ever why: SIGKILL has many senders. It can be
wrong where a wrapper stood between (a shell function, `unshare --fork`, an IDE).
"""

from __future__ import annotations

from collections.abc import Iterator

from kerascrash.model.case import Case, ExitStatus
from kerascrash.model.evidence import Evidence, Finding
from kerascrash.model.ntstatus import NTSTATUS
from kerascrash.model.rules import Detector

_SIGNALS = {
    1: ("exit_sighup", "ended by SIGHUP: its terminal or session went away"),
    2: ("exit_sigint", "ended by SIGINT, the signal of Ctrl-C"),
    3: ("exit_sigquit", "ended by SIGQUIT, the signal of Ctrl-\\"),
    4: ("exit_sigill", "ended by SIGILL: an instruction that this processor lacks"),
    5: ("exit_sigtrap", "ended by SIGTRAP: a breakpoint or a check compiled in"),
    6: ("exit_sigabrt", "ended by SIGABRT: native code called abort()"),
    7: ("exit_sigbus", "ended by SIGBUS: memory that has no backing"),
    8: ("exit_sigfpe", "ended by SIGFPE: an integer division by zero or the like"),
    9: ("exit_sigkill", "ended by SIGKILL; the signal does not name its sender"),
    11: ("exit_sigsegv", "ended by SIGSEGV: an invalid memory access"),
    13: ("exit_sigpipe", "ended by SIGPIPE: the reader of its output went away"),
    15: ("exit_sigterm", "ended by SIGTERM: somebody asked it to stop"),
    24: ("exit_sigxcpu", "ended by SIGXCPU: its limit of processor time was reached"),
    25: ("exit_sigxfsz", "ended by SIGXFSZ: its limit of file size was reached"),
    31: ("exit_sigsys", "ended by SIGSYS: a system call that a sandbox forbids"),
    # Slurm's own SIG_OOM (253, shown as 0:125), slurm.h
    125: ("scheduler_oom_kill", "Slurm's mark of a job that ran out of its memory"),
}
_NTSTATUS = {
    0xC0000005: "exit_nt_access_violation",
    0xC0000006: "exit_nt_in_page_error",
    0xC0000017: "exit_nt_no_memory",
    0xC000001D: "exit_nt_illegal_instruction",
    0xC0000094: "exit_nt_divide",
    0xC0000096: "exit_nt_illegal_instruction",
    0xC000009A: "exit_nt_no_memory",
    0xC00000FD: "exit_nt_stack_overflow",
    0xC000012D: "exit_nt_no_memory",
    0xC0000135: "exit_nt_dll",
    0xC0000138: "exit_nt_dll",
    0xC0000139: "exit_nt_dll",
    0xC000013A: "exit_nt_control_c",
    0xC0000142: "exit_nt_dll",
    0xC000007B: "exit_nt_dll",
    0xC0000374: "exit_nt_heap_corruption",
    0xC0000409: "exit_nt_stack_buffer_overrun",
    0xC0000417: "exit_nt_stack_buffer_overrun",
    0xC0000602: "exit_nt_stack_buffer_overrun",
    0xC000008E: "exit_nt_divide",
    0xC0000420: "exit_nt_abort",
    0x40000015: "exit_nt_abort",
    0x80000003: "exit_nt_abort",
    0xE06D7363: "exit_nt_abort",
    0xE0000008: "exit_nt_no_memory",
}

# Codes that Hadoop YARN gives to containers (ContainerExitStatus).
_YARN = {
    -100: ("node_lost", "YARN lost the node of the container"),
    -102: ("preempted", "YARN preempted the container"),
    -103: ("scheduler_oom_kill", "YARN: the container's virtual memory limit"),
    -104: ("scheduler_oom_kill", "YARN: the container's physical memory limit"),
    -105: ("job_cancelled", "YARN: killed by the application master"),
    -106: ("job_cancelled", "YARN: killed by the resource manager"),
}
_CODES = {
    -1: ("exit_code_minus_1", "exit status -1: whoever reports it does not know more"),
    1: ("exit_code_1", "exit status 1, as after an uncaught Python exception"),
    2: ("exit_code_2", "exit status 2, as after wrong arguments"),
    124: ("exit_code_124", "exit status 124: how timeout(1) says that time was up"),
    126: ("exit_code_126", "exit status 126: it could not be executed"),
    127: ("exit_code_127", "exit status 127: the program was not found"),
}


def detect(case: Case) -> Iterator[Finding]:
    """Yield the finding of the status and that of its group."""
    if isinstance(case.exit, ExitStatus):
        for finding, text in _read(case.exit):
            raw = case.exit.raw
            told = f"exit status {raw}" if raw else text
            evidence = Evidence("exit", "exit status", told)
            yield Finding(finding, text, 1.0, (evidence,), {"raw": case.exit.raw})
            if finding == "exit_sigbus" and case.platform == "macos":
                text = "on macOS many an ordinary invalid memory access ends in SIGBUS"
                yield Finding("macos_bus_error", text, 1.0, (evidence,))


def _read(status: ExitStatus) -> Iterator[tuple[str, str]]:
    if status.signal is not None:
        default = ("exit_signal_other", f"ended by signal {status.signal}")
        yield _SIGNALS.get(status.signal, default)
        yield "died_by_signal", "a signal ended it"
        return
    if status.ntstatus is not None:
        finding = _NTSTATUS.get(status.ntstatus, "exit_nt_other")
        name = NTSTATUS.get(status.ntstatus, "a status")
        yield finding, f"Windows ended it: {name} (0x{status.ntstatus:08X})"
        yield "died_by_signal", "the system ended it"
        return
    if status.code == 0:
        yield "exit_zero", "exit status 0: it said that all went well"
        return
    if status.code is not None:
        other = ("exit_code_other", f"exit status {status.code}")
        yield _CODES.get(status.code) or _YARN.get(status.code, other)
        if status.code > 0:
            yield "left_by_itself", "it left by itself with an error status"


DETECTOR = Detector(
    id="exit_status",
    finds=(
        *sorted({f for f, _ in _SIGNALS.values()} | set(_NTSTATUS.values())),
        *sorted({f for f, _ in (*_CODES.values(), *_YARN.values())}),
        *("exit_signal_other", "exit_nt_other", "exit_zero", "exit_code_other"),
        *("died_by_signal", "left_by_itself", "macos_bus_error"),
    ),
    detect=detect,
    needs=("exit",),
)
