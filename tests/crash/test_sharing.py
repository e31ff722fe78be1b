"""
A run that leaks whatever it can, and what is left of that after redaction: nothing.

The script dies for real. Secrets are planted in its arguments, environment, output,
messages, names, paths, control group, source lines, and in the logs that are given.
"""

from __future__ import annotations

import base64
import gzip
import html
import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import harness
import jsonschema
import pytest
from click.testing import CliRunner

import kerascrash.report
from kerascrash.cli import group
from kerascrash.cli.demo.limits import remove_cgroup
from kerascrash.dump.reader import read_dump

pytestmark = pytest.mark.crash

PRINTED = """\
login with hf_ZxCvBnMaSdFgHjKlQwErTyUiOp as user marlene on host gpu-rack-17
AWS_ACCESS_KEY_ID=AKIAQ7RTUVX2M5N8P3LK
AWS_SECRET_ACCESS_KEY=h8Fk/2Lq0Zb+Xw5Rt7Yc1Vn9Mp4Sd6Gj3Ka8QeU
curl -H 'Authorization: Bearer 7f3b9c1d-Tangerine-44' https://api.brightfield.example
password=Marmalade-Sextant db_password: "Thistle 4 Quarry"
connecting to 10.83.14.201:5432 and fd12:3456:789a::17 via 0a:5e:c4:99:1b:7d
dataset /home/marlene/confidential/patients-2031.csv, owner marlene@brightfield.example
https://signer.brightfield.example/get?X-Amz-Signature=9d8f7a6b5c4e3d2f1a0b&file=x.npy
eyJhbGciOiJIUzI1NiJ9.eyJ1c2VyIjoibWFybGVuZSJ9.Rk9PYmFyQmF6UXV1eA
wandb: using key; WANDB_API_KEY='0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c'
retry with Marmalade-Sextant failed
s3://umbra-takeover-bucket/raw/2031/part-0001.parquet"""
KERNEL = """\
Nov 23 14:03:20 gpu-rack-17 kernel: eth0: link up, 10.83.14.9 (0a:5e:c4:99:1b:7e)
Nov 23 14:03:21 gpu-rack-17 kernel: oom-kill:constraint=CONSTRAINT_MEMCG,\
nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=/docker/umbra-pod-marlene-6d5f,\
task_memcg=/docker/umbra-pod-marlene-6d5f,task=python,pid=4194000,uid=1004"""
SYSTEM = """\
slurmstepd: error: job 771 of user marlene on login4-brightfield exceeded its limit
JobId=771 JobName=umbra-takeover UserId=marlene(1004) WorkDir=/scratch/umbra-data/run7
Comment=password:Gossamer-Plinth-3"""
UPLOAD = "Wombat-Grapnel-77"
"""Stands nowhere with its name, but in the environment of who makes the report."""
ENVIRONMENT = {
    "PLANTED": PRINTED,
    "TF_CONFIG": json.dumps(
        {"cluster": {"worker": ["gpu-rack-18.brightfield.example:2222"]}}
    ),
    "SLURM_JOB_USER": "marlene",
    "SLURM_JOB_NAME": "umbra-takeover",
    "SLURM_SUBMIT_HOST": "login4-brightfield",
    "KERAS_BACKEND": "tensorflow",
    "UMBRA_UPLOAD_TOKEN": UPLOAD,
    "TF_HUB_SERVICE": "https://svc:Halyard-Opal@hub.brightfield.example/models",
}
ARGUMENTS = (
    *(
        "--epochs",
        "3",
        "--run-name",
        "umbra-takeover-final",
        "--token",
        "Zinnia-Argus-5",
    ),
    *("--data=/mnt/umbra-data/scans.npz", "--notify=heidi.krause@brightfield.example"),
)
PLANTS = """
hf_ZxCvBnMaSdFgHjKlQwErTyUiOp marlene gpu-rack-17 gpu-rack-18 AKIAQ7RTUVX2M5N8P3LK
h8Fk/2Lq0Zb+Xw5Rt7Yc1Vn9Mp4Sd6Gj3Ka8QeU
Tangerine-44 Marmalade-Sextant Thistle 10.83.14.201
fd12:3456:789a::17 0a:5e:c4:99:1b:7d 9d8f7a6b5c4e3d2f1a0b eyJhbGciOiJIUzI1NiJ9
0f1e2d3c4b5a umbra-takeover-bucket confidential 10.83.14.9 0a:5e:c4:99:1b:7e
umbra-pod-marlene login4-brightfield Gossamer-Plinth umbra-data brightfield.example
Halyard-Opal
umbra-takeover Zinnia-Argus heidi.krause quentin sk-live-4Qm9 vD7-quarrel MIIEpAIBAAKC
Jd5uGm1sQeOpT9cV3xZa Kestrel88 uIoPaSdFgHjKl Wombat-Grapnel fjordWombat Basalt99
salty-umbra-lab umbra-cgroup-tern
""".split()
NAMES = (
    *("zephyr_embeddings", "umbra_head", "heron_private_job"),
    *("merger-umbra", "vault-umbra"),
)
"""Names in the program and below its folder: taken out with ``--redact-names``."""
STAY = ("ConnectionError", "Keeper", "2026", "CONSTRAINT_MEMCG", "keras", "--run-name")
SCRIPT = "heron_private_job.py"
CGROUP = Path("/sys/fs/cgroup/memory")


@pytest.fixture(scope="module")
def death(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return the folder of a run that has died: dump, logs, all with plants in them."""
    folder = tmp_path_factory.mktemp("salty-umbra-lab")
    (folder / "vault-umbra").mkdir()
    session = folder / "boards/merger-umbra/plugins/profile/2031_01_01_00_00_00"
    session.mkdir(parents=True)
    (session / "gpu-rack-17.xplane.pb").write_bytes(b"\x0a\xff no trace at all")
    source = (harness.SCRIPTS / "confidential.py").read_text(encoding="utf-8")
    (folder / SCRIPT).write_text(source, encoding="utf-8")
    cgroup = CGROUP / "umbra-cgroup-tern"
    try:
        cgroup.mkdir()
    except OSError:
        cgroup = Path("/nonexistent")

    def join() -> None:
        if cgroup.is_dir():
            (cgroup / "cgroup.procs").write_text(str(os.getpid()), encoding="ascii")

    with (folder / "train.err").open("wb") as stderr:
        subprocess.run(
            [sys.executable, SCRIPT, *ARGUMENTS],
            cwd=folder,
            env={
                **os.environ, **ENVIRONMENT, "PYTHONPATH": str(harness.ROOT),
                "KERASCRASH_DIR": str(folder / "dumps"), "TF_CPP_MIN_LOG_LEVEL": "2",
                "PLACES": str(folder),
            },
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=stderr,
            preexec_fn=join, timeout=200, check=False,
        )  # fmt: skip
    harness.wait_for_seal(folder / "dumps")
    (folder / "kern.log").write_text(KERNEL, encoding="utf-8")
    (folder / "slurm.out").write_text(SYSTEM, encoding="utf-8")
    yield folder
    if cgroup.is_dir():
        remove_cgroup(cgroup)


def report(folder: Path, *options: str, dump: str = "") -> str:
    """Return what `kerascrash report` of the dead run writes to standard output."""
    sources = [
        *("--kernel-log", str(folder / "kern.log"), "--log", str(folder / "slurm.out")),
        *("--stderr", str(folder / "train.err"), "--trace", str(folder / "boards")),
    ]
    if not dump:
        (found,) = [p for p in (folder / "dumps").glob("*.bin") if read_dump(p).events]
        dump = str(found)
    else:
        sources = []
    done = CliRunner().invoke(
        group, ["report", dump, *sources, *options],
        standalone_mode=False, catch_exceptions=False,
        env={"UMBRA_UPLOAD_TOKEN": UPLOAD},
    )  # fmt: skip
    return done.output


def found_in(text: str, plants: tuple[str, ...] | list[str]) -> list[str]:
    """Return the plants that a text still holds, in whatever it is written."""
    plain = html.unescape(text).replace("\\/", "/").lower()
    joined = re.sub(r"\s+", "", plain)  # a terminal breaks lines
    encoded = [base64.b64encode(p.encode()).decode().rstrip("=")[:-1] for p in plants]
    return [
        plant
        for plant, code in zip(plants, encoded, strict=True)
        if plant.lower() in plain or plant.lower() in joined or code in text
    ]


def everything_in(bundle: Path) -> str:
    """Return all bytes of a bundle: members, their contents unpacked, every record."""
    parts = [str(bundle.read_bytes())]
    with zipfile.ZipFile(bundle) as archive:
        for info in archive.infolist():
            data = archive.read(info)
            if info.filename.endswith(".gz"):
                data = gzip.decompress(data)
            parts += [info.filename, data.decode("utf-8", "replace")]
    dump = read_dump(bundle)
    assert dump.damage == []
    parts.append(json.dumps([dump.header.raw, dump.certificate], ensure_ascii=False))
    for blobs in (dump.blobs, dump.older_blobs):
        parts += [json.dumps(b.data, ensure_ascii=False) for b in blobs.values()]
    parts += [json.dumps(e.data, ensure_ascii=False) for e in dump.events]
    parts.append(dump.stderr.decode())
    return "\n".join(parts)


def test_the_plants_are_there_without_redaction(death: Path) -> None:
    """The search can find: nearly all reach an ordinary report or bundle."""
    report(death, "--bundle", str(death / "open.zip"))
    shown = found_in(everything_in(death / "open.zip"), [*PLANTS, *NAMES])
    # Masked at the source already: --token, --client-secret in arguments.
    missing = set(PLANTS + list(NAMES)) - set(shown)
    assert missing <= {"Zinnia-Argus", "Halyard-Opal", "umbra-cgroup-tern"}, missing
    assert len(shown) > 30


@pytest.mark.parametrize("format_name", ["html", "md", "json", "text"])
def test_no_plant_is_left_in_any_format(death: Path, format_name: str) -> None:
    text = report(death, "--redact", "--format", format_name, "-o", "-")
    assert found_in(text, PLANTS) == []
    for word in ("ConnectionError", "heron_private_job.py"):
        assert word in text
    if format_name == "md":
        assert len(text.encode()) <= 60_000
    if format_name == "json":
        folder = Path(kerascrash.report.__path__[0])
        schema = json.loads((folder / "report.schema.json").read_text(encoding="utf-8"))
        jsonschema.validate(json.loads(text), schema)


def test_no_plant_is_left_in_a_bundle_and_it_is_judged_alike(death: Path) -> None:
    report(death, "--redact", "--bundle", str(death / "safe.zip"))
    assert found_in(everything_in(death / "safe.zip"), PLANTS) == []
    whole = json.loads(report(death, "--format", "json"))
    read = json.loads(report(death, "--format", "json", dump=str(death / "safe.zip")))
    for key in ("cause", "confidence", "factor", "factor_confidence"):
        assert read["verdict"][key] == whole["verdict"][key]
    assert read["redaction"]["replaced"]
    assert [log["kind"] for log in read["logs"]] == [
        log["kind"] for log in whole["logs"]
    ]


@pytest.mark.slow
@pytest.mark.parametrize("format_name", ["html", "md", "text"])
def test_names_go_on_request(death: Path, format_name: str) -> None:
    text = report(death, "--redact-names", "--format", format_name, "-o", "-")
    assert found_in(text, [*PLANTS, *NAMES]) == []
    assert "ConnectionError" in text


def test_names_go_from_a_bundle_on_request(death: Path) -> None:
    report(death, "--redact-names", "--bundle", str(death / "nameless.zip"))
    assert found_in(everything_in(death / "nameless.zip"), [*PLANTS, *NAMES]) == []


def test_the_same_value_has_the_same_name_everywhere(death: Path) -> None:
    written = json.loads(report(death, "--redact", "--format", "json"))
    text = json.dumps(written)
    user = next(k for k in ("<user>", "<user-2>", "<user-3>") if f"UserId={k}" in text)
    assert f"as user {user}" in text
    assert f'"SLURM_JOB_USER": "{user}"' in text
    assert report(death, "--redact", "--format", "json") == report(
        death, "--redact", "--format", "json"
    )
