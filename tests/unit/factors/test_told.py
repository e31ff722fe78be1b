"""Factors of what only words are left: each rule where it is true, and a near-miss."""

from __future__ import annotations

import io

import pytest

from kerascrash.collect.left_behind import make_case
from kerascrash.collect.log_text import read_log_stream
from kerascrash.diagnose import diagnose
from kerascrash.model.verdict import Verdict


def judge(text: str, status: str | None = "1") -> Verdict:
    logs = read_log_stream(io.BytesIO(text.encode()), "stderr", "standard input")
    diagnosis = diagnose(make_case(logs, status))
    assert diagnosis.faults == ()
    return diagnosis.verdict


# --- a step of XLA that does not fit --------------------------------------------------
XLA = """\
jax.errors.JaxRuntimeError: RESOURCE_EXHAUSTED: Out of memory while trying to allocate \
5153960755 bytes.
BufferAssignment OOM Debugging.
BufferAssignment stats:
             parameter allocation: {given:>10}
              constant allocation:        16B
        maybe_live_out allocation: {given:>10}
     preallocated temp allocation: {temporary:>10}
                 total allocation: {total:>10}
"""


@pytest.mark.parametrize(
    ("given", "temporary", "total", "factor"),
    [
        ("220.5MiB", "11.80GiB", "12.23GiB", "batch_size"),
        ("8.10GiB", "310.0MiB", "16.50GiB", "model_size"),
        # Neither dominates, and a program that hardly needs anything.
        ("2.10GiB", "4.00GiB", "9.64GiB", "none"),
        ("2.00MiB", "6.00MiB", "10.00MiB", "none"),
    ],
)
def test_what_a_step_of_xla_needs_tells_batch_from_model(
    given: str, temporary: str, total: str, factor: str
) -> None:
    verdict = judge(XLA.format(given=given, temporary=temporary, total=total))
    assert (verdict.cause, verdict.factor) == ("gpu_oom", factor)


# --- PyTorch's pool -------------------------------------------------------------------
TORCH = (
    "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 1.75 GiB. GPU 0 has "
    "a total capacity of 23.64 GiB of which 800.25 MiB is free. Including non-PyTorch "
    "memory, this process has 22.82 GiB memory in use. Of the allocated memory {used} "
    "is allocated by PyTorch, and {idle} is reserved by PyTorch but unallocated. If "
    "reserved but unallocated memory is large try setting "
    "PYTORCH_CUDA_ALLOC_CONF=expandable_segments:True to avoid fragmentation."
)
OLD_TORCH = (
    "RuntimeError: CUDA out of memory. Tried to allocate 900.00 MiB (GPU 0; 10.76 GiB "
    "total capacity; {used} already allocated; 512.56 MiB free; {pool} reserved in "
    "total by PyTorch)"
)


@pytest.mark.parametrize(
    "text",
    [
        TORCH.format(used="13.90 GiB", idle="8.41 GiB"),
        OLD_TORCH.format(used="6.10 GiB", pool="9.60 GiB"),
    ],
)
def test_a_pool_of_pytorch_that_is_in_pieces(text: str) -> None:
    assert judge(text).factor == "memory_fragmentation"


@pytest.mark.parametrize(
    "text",
    [
        TORCH.format(used="22.01 GiB", idle="301.44 MiB"),
        OLD_TORCH.format(used="9.41 GiB", pool="9.60 GiB"),
    ],
)
def test_a_pool_in_use_is_not_in_pieces_whatever_the_advice(text: str) -> None:
    assert judge(text).factor != "memory_fragmentation"


# --- one line that pairs everything with everything -----------------------------------
REFUSED = """\
Traceback (most recent call last):
  File "near.py", line 12, in <module>
    {line}
MemoryError: Unable to allocate {size} for an array with shape {shape} and data type \
float32
"""


@pytest.mark.parametrize(
    ("line", "shape"),
    [
        ("near = distances(points)", "(90000, 90000)"),
        ("gap = left[:, None, :] - right[None, :, :]", "(61000, 4300, 64)"),
    ],
)
def test_everything_paired_with_everything_is_the_operation(
    line: str, shape: str
) -> None:
    verdict = judge(REFUSED.format(line=line, size="30.2 GiB", shape=shape))
    assert (verdict.cause, verdict.factor) == ("alloc_failure", "tensor_ops")


@pytest.mark.parametrize(
    ("line", "shape"),
    [
        ("x = np.stack(pictures)", "(90000, 300, 300)"),
        ("x = np.stack(pictures)[None, :]", "(45000, 512, 512)"),
    ],
)
def test_a_data_set_of_square_pictures_is_data(line: str, shape: str) -> None:
    verdict = judge(REFUSED.format(line=line, size="30.2 GiB", shape=shape))
    assert (verdict.cause, verdict.factor) == ("alloc_failure", "data_size")


# --- functions traced again -----------------------------------------------------------
RETRACED = (
    "WARNING:tensorflow:{n} out of the last {n} calls to <function predict_step at "
    "{address}> triggered tf.function retracing. Tracing is expensive"
)


@pytest.mark.parametrize(
    ("addresses", "factor"),
    [
        (("0x7fd310", "0x7fd9a0"), "graph_retracing"),
        (("0x7fd310", "0x7fd310"), "none"),  # ever new shapes: a warning by itself
    ],
)
def test_a_function_made_anew_each_time(
    addresses: tuple[str, ...], factor: str
) -> None:
    rows = [RETRACED.format(n=5 + i, address=a) for i, a in enumerate(addresses)]
    assert judge("\n".join([*rows, "Killed"]), "137").factor == factor


# --- what explains one cause only -----------------------------------------------------
WAITING = """\
Process ForkPoolWorker-2:
  File "/usr/lib/python3.12/multiprocessing/pool.py", line 114, in worker
    task = get()
  File "/usr/lib/python3.12/multiprocessing/queues.py", line 365, in get
    with self._rlock:
  File "/usr/lib/python3.12/multiprocessing/synchronize.py", line 95, in __enter__
"""


def test_waiting_workers_explain_a_standstill() -> None:
    verdict = judge("Timeout (0:30:00)!\n" + WAITING, "143")
    assert (verdict.cause, verdict.factor) == ("hang", "input_pipeline")


def test_waiting_workers_explain_no_other_end() -> None:
    verdict = judge(WAITING + "BrokenPipeError: [Errno 32] Broken pipe")
    assert (verdict.cause, verdict.factor) == ("python_exception", "none")


@pytest.mark.parametrize("status", ["137", "1", None])
def test_a_broken_pipe_alone_blames_no_input_pipeline(status: str | None) -> None:
    text = """\
Exception in thread QueueFeederThread:
  File "/usr/lib/python3.12/multiprocessing/queues.py", line 264, in _feed
    send_bytes(obj)
BrokenPipeError: [Errno 32] Broken pipe
"""
    assert judge(text, status).factor == "none"


def test_frames_of_a_pipeline_without_a_broken_pipe_are_a_lead() -> None:
    text = '  File "/env/keras/utils/data_utils.py", line 700, in _run\nKilled\n'
    assert judge(text, "137").factor == "input_pipeline"


# --- the kernel's table of tasks ------------------------------------------------------
KILL = (
    "[50.6] oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,"
    "mems_allowed=0,global_oom,task_memcg=/user.slice,task=python3,pid=512,uid=1000\n"
    "[50.6] Out of memory: Killed process 512 (python3) total-vm:9480000kB, "
    "anon-rss:{kb}kB, file-rss:0kB, shmem-rss:0kB, UID:1000 pgtables:11kB\n"
)
TABLES = {
    "4.18": (
        "[50.5] [  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents "
        "oom_score_adj name\n",
        "[50.5] [{pid:7d}]  1000 {pid:5d}  9123000 {rss:8d} 55120000        0        "
        "     0 {name}\n",
    ),
    "6.8": (
        "[50.5] [  pid  ]   uid  tgid total_vm      rss rss_anon rss_file rss_shmem "
        "pgtables_bytes swapents oom_score_adj name\n",
        "[50.5] [{pid:7d}]  1000 {pid:5d}  9123000 {rss:8d} {rss:8d}        0        0"
        " 55120000        0             0 {name}\n",
    ),
}


def factor_of_table(table: str, *tasks: tuple[int, int, str]) -> str:
    head, row = TABLES[table]
    text = "[50.4] python3 invoked oom-killer: gfp_mask=0x140cca, order=0\n" + head
    text += "".join(row.format(pid=p, rss=rss, name=name) for p, rss, name in tasks)
    text += KILL.format(kb=4 * next(rss for p, rss, _ in tasks if p == 512))
    logs = read_log_stream(io.BytesIO(text.encode()), "kernel", "kern.log")
    verdict = diagnose(make_case(logs, "137")).verdict
    assert verdict.cause == "host_oom_global"
    return verdict.factor


@pytest.mark.parametrize("table", TABLES)
def test_a_neighbour_in_the_kernels_table(table: str) -> None:
    tasks = ((301, 6_912_010, "java"), (512, 1_210_300, "python3"), (9, 300, "sshd"))
    assert factor_of_table(table, *tasks) == "other_process"


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize(
    "tasks",
    [
        # It was the largest itself; the largest may be its own worker; two are alike.
        ((301, 610_010, "java"), (512, 6_210_300, "python3")),
        ((301, 6_912_010, "pt_data_worker"), (512, 1_210_300, "python3")),
        ((301, 6_912_010, "java"), (512, 6_410_300, "python3")),
    ],
)
def test_no_neighbour_in_the_kernels_table(
    table: str, tasks: tuple[tuple[int, int, str], ...]
) -> None:
    assert factor_of_table(table, *tasks) == "none"


# --- a worker that the kernel killed --------------------------------------------------
@pytest.mark.parametrize(("killed", "factor"), [(8841, "child_process"), (77, "none")])
def test_a_worker_is_to_blame_that_the_kernel_names(killed: int, factor: str) -> None:
    text = "RuntimeError: worker process (pid 8841) ended\n"
    kernel = f"[5.2] Memory cgroup out of memory: Killed process {killed} (python3) "
    kernel += "total-vm:18120011kB, anon-rss:7001220kB, file-rss:0kB\n"
    logs = read_log_stream(io.BytesIO(text.encode()), "stderr", "train.err")
    logs += read_log_stream(io.BytesIO(kernel.encode()), "kernel", "kern.log")
    verdict = diagnose(make_case(logs, "1")).verdict
    assert (verdict.cause, verdict.factor) == ("host_oom_cgroup", factor)
