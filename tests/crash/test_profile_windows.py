"""
``KERASCRASH_PROFILE`` and ``KERASCRASH_BFC_DUMP``: what is on disk before the death.

Off unless asked for; complete when it is there; never in the way of the user's own.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import harness
import pytest

from kerascrash.dump.beside import traces_folder

pytestmark = pytest.mark.crash

POOL = {"TF_CPU_ALLOCATOR_USE_BFC": "1", "TF_CPU_BFC_MEM_LIMIT_IN_MB": "400"}
DEVICE = Path(__file__).parent / "device" / "scripts"


def windows_of(death: harness.Death) -> list[str]:
    """Return the names of the windows that the report has, newest last."""
    rows = [row for row in death.report["traces"] if row["format"] == "xplane"]
    assert all(row["status"] == "ok" for row in rows), rows
    return sorted(Path(row["path"]).parent.name for row in rows)


def on_disk(death: harness.Death) -> list[str]:
    assert death.dump is not None
    folder = Path(traces_folder(str(death.dump)))
    assert not (folder / "window.partial").exists()
    return sorted(one.name for one in (folder / "plugins" / "profile").iterdir())


@pytest.mark.parametrize(
    "backend",
    ["tensorflow", pytest.param("jax", marks=pytest.mark.slow)],
)
def test_killed_at_a_random_step(backend: str, tmp_path: Path) -> None:
    pytest.importorskip(backend)
    die_at = random.randrange(20, 200)
    death = harness.let_die(
        "windowed.py", tmp_path, KERASCRASH_PROFILE="10", DIE_AT=str(die_at),
        KERAS_BACKEND=backend, TF_CPP_MIN_LOG_LEVEL="0",
    )  # fmt: skip
    assert death.status == -9, death.err
    found = windows_of(death)
    assert found == on_disk(death)
    of_steps = [name for name in found if name.startswith("step_")]
    assert 1 <= len(of_steps) <= 3
    assert found[-1] >= f"step_{death.truth('window'):09}"
    rows = [row for row in death.report["traces"] if "/step_" in row["path"]]
    steps = [row["steps"] for row in rows if row["format"] == "xplane"]
    assert min(steps) >= 2, f"killed at {die_at}"
    if backend == "tensorflow":  # JAX is as loud as it is told to be
        assert "rofiler session" not in death.err
    else:
        (memory,) = death.report["allocators"]
        assert memory["name"] == "JAX cpu:0"
        assert "windowed.py:" in memory["live_at_peak"][0]["op"]


def test_the_users_own_profiling_goes_first_and_an_exception_keeps_the_window(
    tmp_path: Path,
) -> None:
    pytest.importorskip("tensorflow")
    death = harness.let_die("profiles_itself.py", tmp_path, KERASCRASH_PROFILE="25")
    assert "labels do not match" in death.err
    assert "nother profil" not in death.err, "a session met another"
    found = {row["path"] for row in death.report["traces"]}
    for name in ("first", "second"):  # noted, and found without being named
        (trace,) = (tmp_path / name).rglob("*.xplane.pb")
        assert str(trace) in found
    assert death.verdict["cause"] == "python_exception"
    # Two were ended for the user's, the last one by the exception.
    assert death.truth("windows") == 2
    assert len(on_disk(death)) == 3
    assert set(on_disk(death)) < set(windows_of(death))


def run_plain(
    folder: Path, body: str, expected: int = 1, **environment: str
) -> list[Path]:
    """Run an armed script without a framework; return what is left when it settled."""
    script, home = folder / "train.py", folder / "kerascrash-dumps"
    script.write_text(f"import kerascrash.arm\nimport os\n{body}\n", encoding="utf-8")
    kept = {k: v for k, v in os.environ.items() if not k.startswith("KERASCRASH")}
    kept |= {"PYTHONPATH": str(harness.ROOT), "KERASCRASH_DIR": str(home)}
    subprocess.run(
        [sys.executable, str(script)], cwd=folder, env=kept | environment, timeout=60
    )
    harness.wait_for_seal(home)  # or for its removal
    give_up = time.monotonic() + 10
    while time.monotonic() < give_up:  # the folder is tidied right after
        left = [path for path in home.rglob("*") if path.is_file()]
        left = [path for path in left if path.name != ".gitignore"]
        if len(left) in (0, expected):
            break
        time.sleep(0.02)
    return left


WRITE_MAPS = """
prefix = os.environ["TF_BFC_MEMORY_DUMP"]
for stamp in (1795440667450948, 1795440668450948, 1795440677454682):
    open(f"{prefix}_GPU_0_bfc.{stamp}", "w").write("map")
"""


def test_allocator_maps_are_thinned_out_and_go_with_a_clean_exit(
    tmp_path: Path,
) -> None:
    on = {"KERASCRASH_BFC_DUMP": "1"}
    assert run_plain(tmp_path, WRITE_MAPS, 0, **on) == []
    left = run_plain(tmp_path, f"{WRITE_MAPS}\nos.kill(os.getpid(), 9)", 3, **on)
    maps = sorted(path.name[-16:] for path in left if path.name.startswith("map_"))
    assert maps == ["1795440667450948", "1795440677454682"]


def test_nothing_of_it_unless_asked_for(tmp_path: Path) -> None:
    body = "assert 'TF_BFC_MEMORY_DUMP' not in os.environ\nos.kill(os.getpid(), 9)"
    (dump,) = run_plain(tmp_path, body)
    assert dump.suffix == ".bin"


def test_the_users_own_choice_of_a_place_for_maps_stays(tmp_path: Path) -> None:
    chosen = tmp_path / "mine" / "map"
    chosen.parent.mkdir()
    body = (
        f"assert os.environ['TF_BFC_MEMORY_DUMP'] == {str(chosen)!r}\n"
        "os.kill(os.getpid(), 9)"
    )
    environment = {"KERASCRASH_BFC_DUMP": "1", "TF_BFC_MEMORY_DUMP": str(chosen)}
    (dump,) = run_plain(tmp_path, body, **environment)
    assert dump.suffix == ".bin"


@pytest.mark.slow
def test_a_real_pool_that_runs_out_armed(tmp_path: Path) -> None:
    """400 MiB of BFC memory on the CPU: window, map and words say the same."""
    pytest.importorskip("tensorflow")
    script = DEVICE / "tensor_list_leak.py"
    body = "import kerascrash.arm  # noqa\n" + script.read_text(encoding="utf-8")
    copy = tmp_path / "leak.py"
    copy.write_text(body, encoding="utf-8")
    death = harness.let_die(
        str(copy), tmp_path, KERASCRASH_PROFILE="10", KERASCRASH_BFC_DUMP="1",
        TF_CPP_MIN_LOG_LEVEL="0", **POOL,
    )  # fmt: skip
    verdict = death.verdict
    assert (verdict["cause"], verdict["factor"]) == ("gpu_oom", "tensor_leak")
    assert death.dump is not None
    maps = sorted((Path(traces_folder(str(death.dump))) / "maps").iterdir())
    assert len(maps) == 2, "the first and the last of those that it wrote"
    of_steps = [name for name in windows_of(death) if name.startswith("step_")]
    assert of_steps
    (pool,) = [row for row in death.report["allocators"] if "for_gpu" in row["name"]]
    assert pool["failed_request"]["shape"] == "[1024,2048]"
    assert any(one["op"] == "AddV2" for one in pool["live_at_peak"])


@pytest.mark.slow
def test_windows_follow_each_other_up_to_the_limit(tmp_path: Path) -> None:
    """4 MiB stay of each step; with one window each 1,000 steps there would be one."""
    pytest.importorskip("tensorflow")
    death = harness.let_die(
        "backend_callback.py", tmp_path, limit_mib=1200, KERASCRASH_PROFILE="1000"
    )
    assert death.verdict["cause"] == "host_oom_cgroup"
    assert death.verdict["factor"] == "tensor_leak"
    last = max(row["end"] for row in death.report["traces"] if row["end"])
    lived = death.report["timeline"]["end"] - death.report["timeline"]["start"]
    assert death.report["timeline"]["end"] - last < lived / 4
    assert len(windows_of(death)) == 3


@pytest.mark.slow
def test_a_pool_that_is_full_and_healthy_is_not_blamed(tmp_path: Path) -> None:
    pytest.importorskip("tensorflow")
    death = harness.let_die(
        "full_pool.py", tmp_path, KERASCRASH_PROFILE="30", KERASCRASH_BFC_DUMP="1",
        TF_CPU_ALLOCATOR_USE_BFC="1", TF_CPU_BFC_MEM_LIMIT_IN_MB="100",
    )  # fmt: skip
    (pool,) = death.report["allocators"]
    assert pool["peak_bytes"] > 0.95 * pool["capacity_bytes"]
    verdict = death.verdict
    assert (verdict["cause"], verdict["factor"]) == ("external_kill", "none")
