"""The allocator's words on stderr, new and old, and its MemoryDump files."""

# ruff: noqa: E501 - log lines as they are written

from __future__ import annotations

from pathlib import Path

import pytest

from kerascrash.collect.bfc_map import read_bfc_map
from kerascrash.collect.bfc_text import MOST_MAPS, read_bfc_text
from kerascrash.collect.xplane.schema import message
from kerascrash.model.allocator_map import AllocatorMap

MIB = 1 << 20

NEW = """\
W0000 00:00:1795417491.688309   10331 bfc_allocator.cc:502] Allocator (GPU_0_bfc) ran \
out of memory trying to allocate 48.00MiB (rounded to 50331648)requested by op Fill
I0000 00:00:1795417491.688682   10331 bfc_allocator.cc:1049] BFCAllocator dump for GPU_0_bfc
I0000 00:00:1795417491.688691   10331 bfc_allocator.cc:1056] Bin (256): \tTotal Chunks: 1
I0000 00:00:1795417491.689000   10331 bfc_allocator.cc:1105] InUse at 7f12 of size 4194304 next 1
I0000 00:00:1795417491.689001   10331 bfc_allocator.cc:1105] Free  at 7f13 of size 33554432 next 2
I0000 00:00:1795417491.689002   10331 bfc_allocator.cc:1105] InUse at 7f14 of size 4194304 next 3
I0000 00:00:1795417491.689003   10331 bfc_allocator.cc:1105] Free  at 7f15 of size 31457280 next 4
I0000 00:00:1795417491.689241   10331 bfc_allocator.cc:1119] Total size in pool: 70.00MiB \
memory_limit_: 70.00MiB available size: 0B curr_region_allocation_bytes_: 512.00MiB
I0000 00:00:1795417491.689246   10331 bfc_allocator.cc:1128] Stats:
Limit:                        70.00MiB
InUse:                         8.00MiB
MaxInUse:                     66.00MiB
NumAllocs:                         189
LargestFreeBlock:                   0B
W0000 00:00:1795417491.689255   10331 bfc_allocator.cc:513] ****_*********_*********_*********__******_*********_*********_*****
W0000 00:00:1795417491.689280   10331 op_kernel.cc:1858] OP_REQUIRES failed at x.cc:1 : \
RESOURCE_EXHAUSTED: OOM when allocating tensor with shape[48,262144] and type float on \
/job:localhost/replica:0/task:0/device:GPU:0 by allocator GPU_0_bfc
"""

OLD = """\
2021-03-04 10:20:30.123456: W tensorflow/core/common_runtime/bfc_allocator.cc:431] \
Allocator (GPU_1_bfc) ran out of memory trying to allocate 2.20GiB (rounded to 2362232064)\
requested by op model/conv2d_3/Conv2D
2021-03-04 10:20:30.200000: I tensorflow/core/common_runtime/bfc_allocator.cc:970] \
Chunk at 7f1c00000000 of size 1280
2021-03-04 10:20:30.200001: I tensorflow/core/common_runtime/bfc_allocator.cc:970] \
Free at 7f1c00000500 of size 14338768
2021-03-04 10:20:30.300000: I tensorflow/core/common_runtime/bfc_allocator.cc:1010] \
total_region_allocated_bytes_: 15477102592 memory_limit_: 15477102592 available bytes: 0 \
curr_region_allocation_bytes_: 30954205184
2021-03-04 10:20:30.300001: I tensorflow/core/common_runtime/bfc_allocator.cc:1016] Stats:
Limit:                 15477102592
InUse:                 15462763824
MaxInUse:              15462763824
"""


def maps(text: str) -> tuple[AllocatorMap, ...]:
    return read_bfc_text(enumerate(text.splitlines(), 1), "train.err")


SUMMARY = """\
I0000 00:00:1795417491.689100   10331 bfc_allocator.cc:1113] 2 Chunks of size 4194304 totalling 8.00MiB
I0000 00:00:1795417491.689110   10331 bfc_allocator.cc:1117] Sum Total of in-use chunks: 8.00MiB
"""


@pytest.mark.parametrize("lost", [1, 5, 6])
def test_of_a_long_map_the_end_is_enough(lost: int) -> None:
    """A tail of stderr: the failed request and the first chunks are cut off."""
    lines = NEW.splitlines()
    at = next(n for n, line in enumerate(lines) if "Total size in pool" in line)
    lines[at:at] = SUMMARY.splitlines()
    (found,) = maps("\n".join(lines[lost:]))
    assert found.allocator == "GPU_0_bfc"
    assert (found.shape, found.requested_bytes) == ("[48,262144]", 50_331_648)
    assert found.limit_bytes == 70 * MIB
    assert (found.in_use_bytes, found.free_bytes) == (8 * MIB, 62 * MIB)
    assert 0 < (found.largest_free_bytes or 0) < 50_331_648
    assert [(one.size, one.count) for one in found.by_size] == [(4 * MIB, 2)]


def test_the_end_of_a_map_that_nobody_names_is_none() -> None:
    lines = NEW.splitlines()
    assert maps("\n".join(lines[4:-1])) == ()


def test_an_op_of_many_inputs_has_its_own_name() -> None:
    told = (
        "{{function_node __wrapped__ConcatV2_N_2_device_/job:localhost/replica:0/task:0/"
        "device:CPU:0}} OOM when allocating tensor with shape[6000000] and type float on "
        "/job:localhost/replica:0/task:0/device:CPU:0 by allocator GPU_0_bfc"
    )
    assert maps(told)[0].op == "ConcatV2"


def test_a_new_dump_with_its_numbers() -> None:
    (found,) = maps(NEW)
    assert found.allocator == "GPU_0_bfc"
    assert found.device == "GPU:0"
    assert (found.op, found.shape, found.dtype) == ("Fill", "[48,262144]", "float32")
    assert found.requested_bytes == 50_331_648
    assert found.limit_bytes == 70 * MIB
    assert found.in_use_bytes == 8 * MIB
    assert found.peak_bytes == 66 * MIB
    assert found.free_bytes == 33_554_432 + 31_457_280
    assert found.largest_free_bytes == 33_554_432
    assert found.unreserved_bytes == 0
    assert (found.chunks, found.chunks_in_use) == (4, 2)
    assert [(one.size, one.count) for one in found.by_size] == [(4_194_304, 2)]
    assert found.occupancy.startswith("****_")
    assert found.time == pytest.approx(1795417491.688309)
    assert found.line == 1


def test_an_old_dump_with_plain_numbers() -> None:
    (found,) = maps(OLD)
    assert found.device == "GPU:1"
    assert found.op == "model/conv2d_3/Conv2D"
    assert found.requested_bytes == 2_362_232_064
    assert found.limit_bytes == 15_477_102_592
    assert found.largest_free_bytes == 14_338_768
    assert found.chunks_in_use == 1
    assert found.time is not None


def test_a_request_that_is_not_a_failure_is_passed_over() -> None:
    text = (
        "Allocator (GPU_0_bfc) ran out of memory trying to allocate 2.20GiB with "
        "freed_by_count=0. The caller indicates that this is not a failure, but this "
        "may mean that there could be performance gains if more memory were available."
    )
    assert maps(text) == ()


def test_an_error_alone_names_op_shape_and_size() -> None:
    eager = (
        "ResourceExhaustedError: {{function_node __wrapped__MatMul_device_/job:localhost"
        "/replica:0/task:0/device:GPU:0}} OOM when allocating tensor with "
        "shape[30000,30000] and type half on /job:localhost/replica:0/task:0/device:GPU:0"
        " by allocator GPU_0_bfc [Op:MatMul]"
    )
    (found,) = maps(eager)
    assert (found.op, found.shape, found.dtype) == (
        "MatMul",
        "[30000,30000]",
        "float16",
    )
    assert found.requested_bytes == 1_800_000_000
    graph = (
        "OOM when allocating tensor with shape[64,112,112,64] and type float on "
        "/job:localhost/replica:0/task:0/device:GPU:0 by allocator GPU_0_bfc\n"
        "\t [[{{node model/conv1/Relu}}]]"
    )
    assert maps(graph)[0].op == "model/conv1/Relu"


def test_text_about_anything_else_is_no_map() -> None:
    text = (
        "Epoch 1/3\nLimit: 3 retries\n5/10 ━━━ loss 0.3\nFree at last of size 3\n"
        + "*" * 70
    )
    assert maps(text) == ()


def test_hostile_text_is_bounded() -> None:
    line = "Allocator (GPU_0_bfc) ran out of memory trying to allocate 1.00MiB"
    assert len(maps("\n".join([line] * 1000))) == MOST_MAPS
    chunk = f"{line}\nInUse at 7f of size {'9' * 4000} next 1"
    (found,) = maps(chunk)
    assert found.chunks == 1
    huge = f"OOM when allocating tensor with shape[{'9' * 900},9] and type float on d by allocator a"
    assert maps(huge)[0].requested_bytes is None


def dump_bytes(name: str = "GPU_0_bfc") -> bytes:
    dump = message("MemoryDump")
    dump.allocator_name = name.encode()
    for number, (size, in_use) in enumerate(
        ((4, True), (8, False), (4, True), (2, False))
    ):
        dump.chunk.add(address=number + 1, size=size * MIB, in_use=in_use)
    dump.stats.peak_bytes_in_use = 16 * MIB
    dump.stats.fragmentation_metric = 0.2
    return bytes(dump.SerializeToString())


def test_a_memory_dump_file(tmp_path: Path) -> None:
    path = tmp_path / "oom_GPU_0_bfc.1795417481687420"
    path.write_bytes(dump_bytes())
    found = read_bfc_map(str(path))
    assert found is not None
    assert (found.in_use_bytes, found.free_bytes) == (8 * MIB, 10 * MIB)
    assert (found.largest_free_bytes, found.peak_bytes) == (8 * MIB, 16 * MIB)
    assert found.time == pytest.approx(1795417481.68742)


@pytest.mark.parametrize(
    "data", [b"", b"hello", bytes(100), dump_bytes()[:20], dump_bytes("bad\x00name")]
)
def test_what_is_no_memory_dump(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "oom_GPU_0_bfc.1795417481687420"
    path.write_bytes(data)
    assert read_bfc_map(str(path)) is None


def test_real_dumps_and_the_stderr_of_the_same_death_agree(shared: Path) -> None:
    folder = shared / "profiles"
    first = read_bfc_map(str(folder / "own_bfc_memory_dump_first.pb"))
    last = read_bfc_map(str(folder / "own_bfc_memory_dump_last.pb"))
    assert first is not None
    assert last is not None
    assert (first.chunks, first.in_use_bytes, first.largest_free_bytes) == (
        245, 412_473_600, 6_742_016,
    )  # fmt: skip
    assert (last.chunks, last.in_use_bytes, last.largest_free_bytes) == (
        234, 419_213_312, 147_456,
    )  # fmt: skip
    text = (folder / "own_bfc_oom_stderr.txt").read_text(errors="replace")
    (told,) = maps(text)
    assert told.in_use_bytes == last.in_use_bytes
    assert told.free_bytes == last.free_bytes
    assert told.largest_free_bytes == last.largest_free_bytes
    assert told.by_size == last.by_size
