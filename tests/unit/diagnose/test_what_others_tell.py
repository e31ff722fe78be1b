"""
Remains as other programs write them down, quote them and ship them.

Each text is what a person would paste; beside each rule stands what looks like it and
is something else.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable

import pytest

from kerascrash.collect.left_behind import make_case
from kerascrash.collect.log_text import read_log_stream
from kerascrash.diagnose import diagnose
from kerascrash.model.verdict import Diagnosis


def judge(text: str, kernel: str = "", exit_status: str | None = None) -> Diagnosis:
    logs = read_log_stream(io.BytesIO(text.encode()), "stderr", "standard input")
    logs += read_log_stream(io.BytesIO(kernel.encode()), "kernel", "kern.log")
    return diagnose(make_case(logs, exit_status))


def cause_of(text: str, kernel: str = "", exit_status: str | None = None) -> str:
    return judge(text, kernel, exit_status).verdict.cause


# --- the kernel's log, however it was copied -----------------------------------------
OLD_CGROUP_KILL = [  # 3.10: the limit's own line says whose it was, the last does not
    "python invoked oom-killer: gfp_mask=0xd0, order=0, oom_score_adj=0",
    "memory: usage 16777216kB, limit 16777216kB, failcnt 40021",
    "Memory cgroup out of memory: Kill process 20713 (python) score 993 or sacrifice "
    "child",
    "Killed process 20713 (python) total-vm:39680456kB, anon-rss:16601212kB, "
    "file-rss:47632kB, shmem-rss:0kB",
]
GLOBAL_KILL = [
    "kworker/u40:3 invoked oom-killer: gfp_mask=0x140cca(GFP_HIGHUSER_MOVABLE), "
    "order=0, oom_score_adj=0",
    " out_of_memory+0x103/0x350",
    " __alloc_pages_may_oom+0x112/0x1e0",
    "Mem-Info:",
    "oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=user.slice,"
    "mems_allowed=0,global_oom,task_memcg=/user.slice,task=python,pid=31007,uid=1000",
    "Out of memory: Killed process 31007 (python) total-vm:44960084kB, "
    "anon-rss:30404000kB, file-rss:36488kB, shmem-rss:0kB, UID:1000 pgtables:60372kB "
    "oom_score_adj:0",
]
FAULT = [
    "python3[81234]: segfault at 18 ip 00007f3c1a2b4c5d sp 00007ffd3a1b2c30 error 4 in "
    "libtensorflow_framework.so.2[7f3c19000000+1c00000] likely on CPU 5"
]
BLOCKS = {
    "host_oom_cgroup": OLD_CGROUP_KILL,
    "host_oom_global": GLOBAL_KILL,
    "native_segfault": FAULT,
}
STAMPS: dict[str, Callable[[str, int], str]] = {
    "bare": lambda text, _: text,
    "raw": lambda text, n: f"[{81230.1 + n / 1000:12.6f}] {text}",
    "iso": lambda text, n: f"2024-10-03T04:11:12,{100000 + n}+02:00 {text}",
    "facility": lambda text, n: f"kern  :warn  : [{81230.1 + n / 1000:12.6f}] {text}",
    "delta": lambda text, n: f"[{81230 + n:6d}.123456 <    0.000300>] {text}",
    "relative": lambda text, n: (
        f"[  +0.000300] {text}" if n else f"[Oct 3 04:11] {text}"
    ),
    "caller": lambda text, n: f"[{81230 + n:6d}.123456][T20713] {text}",
    "syslog": lambda text, _: f"Oct  3 04:11:12 gpu7 kernel: {text}",
    "short-unix": lambda text, n: f"1727921472.{n:06d} gpu7 kernel: {text}",
    "colour": lambda text, n: (
        f"\x1b[32m[{81230 + n:6d}.123456] \x1b[0m\x1b[31m{text}\x1b[0m"
    ),
}
QUOTES: dict[str, Callable[[str, int], str]] = {
    "mail": lambda text, _: f"> > {text}",
    "cat -n": lambda text, n: f"{n:6d}\t{text}",
    "grep -n": lambda text, n: f"{n}:{text}",
    "grep": lambda text, n: f"/var/log/messages-20241006:{n}:{text}",
    "table": lambda text, n: f"| 04:11:{n:02d} | gpu7 | {text} |",
    "code": lambda text, _: f"* `{text}`",
    "indented": lambda text, _: f"    {text}",
    "windows": lambda text, _: f"{text}\r",
    "journal": lambda text, n: json.dumps(
        {
            "__REALTIME_TIMESTAMP": str(1727921472123456 + n),
            "SYSLOG_IDENTIFIER": "kernel",
            "_HOSTNAME": "gpu7",
            "MESSAGE": text,
        }
    ),
    "journal, pretty": lambda text, _: f'\t"MESSAGE" : {json.dumps(text)},',
    "journal, export": lambda text, _: f"MESSAGE={text}",
    "container": lambda text, _: json.dumps({"log": text + "\n", "stream": "stderr"}),
    "pod": lambda text, _: f"2024-10-03T04:11:12.123456789Z stderr F {text}",
    "compose": lambda text, _: f"train-1  | {text}",
    "srun -l": lambda text, _: f"0: {text}",
    "mpirun": lambda text, _: f"[1,0]<stderr>: {text}",
}


@pytest.mark.parametrize("cause", BLOCKS)
@pytest.mark.parametrize("stamp", STAMPS)
def test_a_kernel_block_with_any_stamp(stamp: str, cause: str) -> None:
    lines = [STAMPS[stamp](text, n) for n, text in enumerate(BLOCKS[cause])]
    assert cause_of("\n".join(lines)) == cause


@pytest.mark.parametrize("cause", BLOCKS)
@pytest.mark.parametrize("quote", QUOTES)
@pytest.mark.parametrize("stamp", ["raw", "syslog"])
def test_a_kernel_block_in_any_quote(stamp: str, quote: str, cause: str) -> None:
    lines = [STAMPS[stamp](text, n) for n, text in enumerate(BLOCKS[cause])]
    quoted = [QUOTES[quote](line, n) for n, line in enumerate(lines, start=1)]
    assert cause_of("\n".join(quoted)) == cause


def test_the_journal_tells_the_time_of_its_records() -> None:
    (log,) = judge(QUOTES["journal"]("Mem-Info:", 0)).case.logs
    assert log.kind == "kernel"
    assert log.lines[0].time == 1727921472.123456


@pytest.mark.parametrize(
    "text",
    [
        '{"kind": "Event", "reason": "Started", "message": "Started container main"}',
        '{"OOMKilled": true, "ExitCode": 137, "Error": ""}',
        ">>> model.fit(x)",
        "ValueError: 12: not a level",
        "12:34:56.789 step 4",
        "| epoch | loss |",
    ],
)
def test_what_is_no_quote_stays_as_it_is(text: str) -> None:
    (log,) = judge(text).case.logs
    assert log.lines[0].text.endswith(text.removeprefix(">>> "))


@pytest.mark.parametrize(
    "text",
    [
        '{"a":' * 3000 + "1" + "}" * 3000,
        '{"MESSAGE":[-5,999999,"x",null],"SYSLOG_IDENTIFIER":5,"_HOSTNAME":[]}',
        '{"MESSAGE":"x","__REALTIME_TIMESTAMP":"' + "9" * 5000 + '"}',
        '{"MESSAGE":"x","__REALTIME_TIMESTAMP":"\u00b2\u00b2"}',
        '{"log":"\\ud800 bad","stream":"stderr"}',
        '{"log":' + "9" * 5000 + ',"stream":"stderr"}',
    ],
)
def test_a_forged_record_does_no_harm(text: str) -> None:
    assert cause_of(text) == "unknown"


TRAIN = "Epoch 3/10\n 211/1875 [==>...................] - ETA: 1:02 - loss: 0.3121\n"


def stamped(text: str) -> str:
    return "\n".join(STAMPS["raw"](one, n) for n, one in enumerate(text.splitlines()))


@pytest.mark.parametrize(
    ("kernel", "cause"),
    [
        ("python: potentially unexpected fatal signal 7.", "bus_error_shm"),
        (
            "python3[312]: unhandled signal 11 code 0x1 at 0x10 in libc.so.6[3fa4+118]",
            "native_segfault",
        ),
        (
            'audit: type=1701 audit(1727921472.1:8): uid=1000 pid=41 comm="python3" '
            'exe="/usr/bin/python3.11" sig=6 res=1',
            "native_abort_check",
        ),
        (
            "MCE: Killing python3:4113 due to hardware memory corruption fault at 7f12",
            "machine_check",
        ),
        (
            "mce: [Hardware Error]: CPU 12: Machine Check Exception: 5 Bank 7: "
            "be00000000010091",
            "machine_check",
        ),
        ("NVRM: _kgspRpcRecvPoll: GSP RM heartbeat timed out", "gpu_driver_fault"),
        (
            "thermal_zone0: acpitz: critical temperature reached, shutting down",
            "machine_down",
        ),
        (
            "EXT4-fs (sda1): Delayed block allocation failed for inode 1 at logical "
            "offset 0 with max blocks 2048 with error 28",
            "disk_full",
        ),
        (
            "cgroup: fork rejected by pids controller in /docker/4f0a",
            "thread_or_process_limit",
        ),
        ("Out of memory: kill process 82 (python) score 401 or a child\n"
         "Killed process 82 (python)", "host_oom_global"),
        ("INFO: task python3:41 blocked for more than 120 seconds.", "hang"),
    ],
)  # fmt: skip
def test_the_kernel_names_it(kernel: str, cause: str) -> None:
    assert cause_of(TRAIN, stamped(kernel)) == cause


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (
            "python3[18112]: unhandled exception: DABT (lower EL), ESR "
            "0x0000000092000046, level 2 translation fault in libfoo.so[ffff840000+1]",
            "an invalid write in libfoo.so by python3 (thread 18112)",
        ),
        (
            "python3[18112]: unhandled level 2 translation fault (11) at 0x00000010, "
            "esr 0x92000006, in libfoo.so[7f84000000+1a00000]",
            "an invalid read at 0x10 (a null pointer) in libfoo.so",
        ),
        (
            "python[22110]: segfault (11) at 8 nip 7fff9a1c0a44 lr 7fff9a1c0a10 code 1 "
            "in libfoo.so[7fff98000000+5000000]",
            "at 0x8 (a null pointer) in libfoo.so",
        ),
        ("python3: unhandled page fault (11) at 0x00000010, code 0x017", "0x10"),
        ("python3[181]: undefined instruction: pc=0000ffff9a12b044", "an illegal inst"),
    ],
)
def test_faults_of_other_processors(line: str, text: str) -> None:
    found = judge(TRAIN, stamped(line))
    assert found.verdict.cause in ("native_segfault", "illegal_instruction")
    assert any(text in finding.text for finding in found.findings)
    other = judge(TRAIN, stamped(line.replace("python", "gnome-shell")[:400]))
    assert other.verdict.cause == "unknown"


def test_the_limit_that_the_kernel_prints_is_told() -> None:
    assert (
        "(16.0 GiB)" in judge("", stamped("\n".join(OLD_CGROUP_KILL))).verdict.summary
    )


def test_a_cpuset_is_not_the_whole_machine() -> None:
    whole = stamped("\n".join(GLOBAL_KILL))
    confined = whole.replace("CONSTRAINT_NONE", "CONSTRAINT_CPUSET")
    assert "NUMA nodes" in judge("", confined).verdict.summary
    assert "NUMA nodes" not in judge("", whole).verdict.summary


def test_the_limit_of_a_unit_says_whose_memory_it_was() -> None:
    killed = "Result=oom-kill\nExecMainStatus=9\nMemoryMax="
    assert cause_of(killed + "8589934592") == "host_oom_cgroup"
    assert cause_of(killed + "infinity") == "host_oom_global"


def test_a_broken_card_is_not_helped_by_more_memory() -> None:
    lost = "NVRM: Xid (PCI:0000:3b:00): 79, pid=4, GPU has fallen off the bus."
    advice = judge(TRAIN, stamped(lost)).verdict.advice
    assert "card" in advice[0].action
    assert not any("half a gigabyte" in one.action for one in advice)


@pytest.mark.parametrize(
    "kernel",
    [
        "Xorg: potentially unexpected fatal signal 7.",
        'audit: type=1701 audit(1.1:8): pid=41 comm="gnome-shell" exe="/x" sig=6 res=1',
        "mce: [Hardware Error]: Machine check events logged\n"
        "mce: [Hardware Error]: CPU 0: Machine Check: 0 Bank 5: 9c00000000800151",
        "{1}[Hardware Error]: event severity: corrected",
        "CPU3: Core temperature above threshold, cpu clock throttled (total events = 3",
        "Memory failure: 0x3f1a2c0: recovery action for free buddy page: Recovered",
        "mlx5_core 0000:5e:00.0: PCIe Bus Error: severity=Uncorrected (Non-Fatal), "
        "type=Transaction Layer, (Requester ID)",
        "EXT4-fs (sda1): mounted filesystem with ordered data mode.",
        "INFO: task jbd2/sda1-8:213 blocked for more than 120 seconds.",
        "NVRM: loading NVIDIA UNIX x86_64 Kernel Module  550.54.15",
    ],
)
def test_the_kernel_speaks_of_something_else(kernel: str) -> None:
    assert cause_of(TRAIN, stamped(kernel)) == "unknown"


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        (TRAIN + "Segmentation fault (core dumped)", "native_segfault"),
        (
            "slurmstepd: error: Detected 1 oom_kill event in StepId=8.0.",
            "scheduler_oom",
        ),
        ('"OOMKilled": true,\n"ExitCode": 137', "host_oom_cgroup"),
        ("KeyError: 'x'\n[1.1] usb 1-1: new device found", "unknown"),
    ],
)
def test_a_log_given_for_the_kernels_is_read_as_what_it_is(
    text: str, cause: str
) -> None:
    assert cause_of("", text) == cause


def test_the_coredump_service_names_the_signal_in_the_journal() -> None:
    said = (
        "systemd-coredump[4120]: Process 4113 ({}) of user 1000 terminated abnormally "
        "with signal 6/ABRT, processing..."
    )
    assert cause_of(TRAIN + said.format("python3")) == "native_abort_check"
    assert cause_of(TRAIN + said.format("gnome-shell")) == "unknown"


# --- statuses that engines, schedulers and supervisors tell --------------------------
POD = """\
Name:             train-0
Status:           Running
Containers:
  main:
    State:          Waiting
      Reason:       CrashLoopBackOff
    Last State:     Terminated
      Reason:       {reason}
      Exit Code:    {code}
    Ready:          False
    Restart Count:  3
Events:
  Type     Reason   Age   From     Message
  Warning  BackOff  12s   kubelet  Back-off restarting failed container main in pod
"""


@pytest.mark.parametrize(
    ("reason", "code", "causes"),
    [
        ("OOMKilled", 137, {"host_oom_cgroup", "scheduler_oom"}),
        ("Error", 139, {"native_segfault"}),
        ("Error", 134, {"native_abort_check"}),
        ("Error", 132, {"illegal_instruction"}),
        ("Error", 143, {"termination_signal"}),
        ("Error", 1, {"unknown"}),
        ("Completed", 0, {"unknown", "clean_exit"}),
    ],
)
def test_a_pod_is_not_terminated_by_sigterm_because_its_state_is_called_so(
    reason: str, code: int, causes: set[str]
) -> None:
    assert cause_of(POD.format(reason=reason, code=code)) in causes


SEGFAULT = {
    "docker inspect": '"OOMKilled": false,\n"ExitCode": 139,\n"Error": ""',
    "docker ps": '8fd1a2b3c4d5   train:1   "python t.py"   Exited (139) 2 minutes ago',
    "compose": "train-1 exited with code 139",
    "pod": "      terminated:\n        exitCode: 139\n        reason: Error",
    "sacct": "884213.0         python     FAILED     0:11   00:10:21 ",
    "sacct, the shell": "884213            train     FAILED    139:0   00:10:21",
    "scontrol": "JobState=FAILED Reason=RaisedSignal:11(Segmentation_fault) ",
    "PBS": "    Exit_status = 139\n    resources_used.mem = 8123456kb",
    "HTCondor": "\t(0) Abnormal termination (signal 11)",
    "systemctl show": "Result=core-dump\nExecMainCode=3\nExecMainStatus=11",
    "torchrun": "  exitcode  : -11 (pid: 4113)",
    "subprocess": "returned non-zero exit status -11.",
    "mpirun": "process rank 0 with PID 4113 on node gpu7 exited on signal 11 (Segme",
    "LSF": "Exited with exit code 139.",
}


@pytest.mark.parametrize("teller", SEGFAULT)
def test_a_signal_is_told_in_many_ways(teller: str) -> None:
    assert cause_of(TRAIN + SEGFAULT[teller]) == "native_segfault"


@pytest.mark.parametrize(
    "text",
    [
        "Epoch 139: val_loss did not improve",
        "status: 139/1875 batches done",
        "code 139.5 ms/step",
        "signal 11.5 dB",
        "Finished epoch 137",
        "exit code 0, 139 files written",
    ],
)
def test_a_number_is_not_a_status(text: str) -> None:
    found = {finding.id for finding in judge(TRAIN + text).findings}
    assert not found & {"exit_sigsegv", "exit_sigkill", "exit_sigabrt"}


@pytest.mark.parametrize(
    ("text", "causes"),
    [
        ("Job has gone over cgroup memory limit of 163 megabytes.", {"scheduler_oom"}),
        ("The node was low on resource: pids.", {"thread_or_process_limit"}),
        ("Reason: ContainerStatusUnknown\nExit Code: 137", {"machine_down"}),
        ("low 0\nhigh 0\nmax 1021\noom 12\noom_kill 1", {"host_oom_cgroup"}),
        ("make: *** [Makefile:3: train] Error 139", {"native_segfault"}),
        ("subprocess.CalledProcessError: Command 'x' died with <Signals.SIGSEGV: 11>.",
         {"native_segfault"}),
        ("train.sh: Zeile 3: 41 Speicherzugriffsfehler  (Speicherabzug geschrieben) "
         "python train.py", {"native_segfault"}),
        ("Erreur de segmentation (core dumped)", {"native_segfault"}),
        ("Violaci\u00f3n de segmento (`core' generado)", {"native_segfault"}),
        ("\u6bb5\u9519\u8bef (\u6838\u5fc3\u5df2\u8f6c\u50a8)", {"native_segfault"}),
        ('job 8 exceeds job hard limit "h_vmem" of queue "all.q@gpu7" '
         "(1721194 > limit:1717986) - sending SIGKILL", {"scheduler_oom"}),
        ("Cgroup memsw limit exceeded: Killed process 41 (python) total-vm:9000kB, "
         "anon-rss:8000kB", {"scheduler_oom", "host_oom_cgroup"}),
        ("Container [pid=4,containerID=container_e01_000002] is running 812MB beyond "
         "the 'PHYSICAL' memory limit.", {"scheduler_oom"}),
        ('reason="OutOfMemoryError: Container killed due to memory usage"',
         {"scheduler_oom"}),
        ("JobState=OUT_OF_MEMORY Reason=OutOfMemory Dependency=(null)",
         {"scheduler_oom"}),
        ("System OOM encountered, victim process: python3, pid: 77001",
         {"host_oom_global", "host_oom_cgroup"}),
        ('msg="TaskOOM event &TaskOOM{ContainerID:8fd1}"', {"host_oom_cgroup"}),
        ("2024-10-03T04:11:12+02:00 container oom 8fd1a2b3c4d5 (image=train:1)",
         {"host_oom_cgroup"}),
        ("2024-10-03T04:11:12+02:00 container kill 8fd1a2b3c4d5 (image=t, signal=9)",
         {"external_kill"}),
        ("2024-10-03T04:11:12+02:00 container kill 8fd1a2b3c4d5 (image=t, signal=15)",
         {"termination_signal"}),
        ("State: TIMEOUT (exit code 0)", {"termination_signal"}),
        ("Slurm Job_id=8 Name=train Failed, Run time 1-00:00:08, TIMEOUT, ExitCode 0",
         {"termination_signal"}),
        ("timeout: sending signal TERM to command 'python'", {"termination_signal"}),
        ("job 812.1 exceeded hard wallclock time - initiate terminate method",
         {"termination_signal"}),
        ("004 (812.000.000) 10/03 04:11:12 Job was evicted.", {"termination_signal"}),
        ("Pod was terminated in response to imminent node shutdown.",
         {"termination_signal"}),
        ('Usage of EmptyDir volume "scratch" exceeds the limit "10Gi".', {"disk_full"}),
        ("train.service: Service runtime limit reached. Stopping.",
         {"termination_signal"}),
        ("oomd kill: 10.80 30.00 24.00 workload.slice/python killer:kill_by_memory",
         {"oom_daemon"}),
    ],
)  # fmt: skip
def test_schedulers_and_engines(text: str, causes: set[str]) -> None:
    assert cause_of(TRAIN + text) in causes


@pytest.mark.parametrize(
    "text",
    [
        "Job 812 (train) Aborted",  # the mail's subject, whatever ended it
        "Execution terminated",
        "State: COMPLETED (exit code 0)",
        'volume "scratch" limit "10Gi"',
        "Warning  FailedScheduling  default-scheduler  insufficient memory",
        "futex(0x7f31c, FUTEX_WAIT_PRIVATE, 0, NULL) = ?",
        "low 0\nhigh 0\nmax 0\noom 0\noom_kill 0",
        "Der Benutzer hat den Vorgang abgebrochen, bitte warten",
    ],
)
def test_schedulers_and_engines_say_harmless_things(text: str) -> None:
    assert cause_of(text) == "unknown"


def test_a_command_that_ran_out_of_time_has_a_status_of_its_own() -> None:
    assert cause_of("", exit_status="124") == "termination_signal"
    assert cause_of("", exit_status="123") != "termination_signal"


# --- Windows and macOS ---------------------------------------------------------------
EVENT = """\
Log Name:      Application
Source:        Application Error
Event ID:      1000
Description:
Faulting application name: {program}, version: 3.11.9150.1013, time stamp: 0x660b1f2a
Faulting module name: ntdll.dll, version: 10.0.22621.4036, time stamp: 0x1f2a3b4c
Exception code: {status}
Fault offset: 0x000000000007f632
"""


@pytest.mark.parametrize(
    ("status", "cause"),
    [
        ("0xc0000005", "native_segfault"),
        ("0xe06d7363", "native_abort_check"),
        ("0xc0000094", "fpe"),
        ("0xc0000006", "bus_error_shm"),
        ("0xc0000409", "windows_missing_dll_or_stack_buffer_overrun"),
    ],
)
def test_a_windows_event_names_the_status(status: str, cause: str) -> None:
    assert cause_of(EVENT.format(program="python.exe", status=status)) == cause


def test_the_fault_of_another_program_is_not_ours() -> None:
    other = EVENT.format(program="explorer.exe", status="0xc0000005")
    assert cause_of(TRAIN + other) == "unknown"
    mine = EVENT.format(program="python.exe", status="0xc0000374")
    assert cause_of(mine + other) == "native_abort_check"
    assert cause_of(other + mine) == "native_abort_check"


def test_a_french_event_of_another_program_is_not_ours() -> None:
    text = (
        "Nom de l\u2019application d\u00e9faillante {}, version : 3.11.9150.1013, "
        "horodatage : 0x660b1f2a\nCode d\u2019exception : 0xc0000005"
    )
    assert cause_of(text.format("python.exe")) == "native_segfault"
    assert cause_of(text.format("steam.exe")) == "unknown"


def test_a_corrected_windows_hardware_error_is_no_cause() -> None:
    source = "Source: Microsoft-Windows-WHEA-Logger\nDescription:\n"
    assert cause_of(source + "A corrected hardware error has occurred.") == "unknown"
    fatal = source + "A fatal hardware error has occurred."
    assert cause_of(fatal) == "machine_check"


MAC = """\
Process:               {program} [4113]
Exception Type:        EXC_BAD_ACCESS (SIGSEGV)
Exception Codes:       KERN_PROTECTION_FAILURE at 0x00007ffee1a00ff8
{region}
"""


def test_macos_names_the_guard_page_of_a_stack() -> None:
    guard = "STACK GUARD  00007ffedd200000-00007ffee0a00000 [ 56.0M]  for thread 0"
    report = MAC.format(program="Python", region=f"--> {guard}")
    assert cause_of(report) == "stack_overflow"
    assert cause_of(MAC.format(program="Python", region=guard)) == "native_segfault"
    assert cause_of(MAC.format(program="Safari", region=guard)) == "unknown"


def test_macos_kills_for_memory_and_for_signatures() -> None:
    killed = '{{"app_name":"python3.11","bug_type":"309"}}\n"signal":"SIGKILL{}"\n{}'
    jetsam = '"termination" : {"code":1,"namespace":"JETSAM"}'
    signed = '"termination" : {"code":2,"namespace":"CODESIGNING"}'
    assert cause_of(killed.format("", jetsam)) == "host_oom_global"
    invalid = killed.format(" (Code Signature Invalid)", signed)
    assert cause_of(invalid) == "external_kill"
