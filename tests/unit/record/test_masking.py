"""What leaves the process: no secret by name or by shape."""

from __future__ import annotations

import pytest

from kerascrash.dump.masking import MASK, mask_arguments
from kerascrash.record.masking import allowed_environment


def test_only_listed_variables_are_shown() -> None:
    environ = {
        "TF_CPP_MIN_LOG_LEVEL": "2",
        "SLURM_JOB_ID": "17",
        "LD_LIBRARY_PATH": "/usr/lib",
        "HOME": "/home/me",
        "AWS_SECRET_ACCESS_KEY": "abc",
        "XTF_FLAG": "1",
        "KERASCRASH_PARENT": "1:2:/x",
    }
    assert set(allowed_environment(environ)) == {
        "TF_CPP_MIN_LOG_LEVEL",
        "SLURM_JOB_ID",
        "LD_LIBRARY_PATH",
    }


def test_secrets_among_them_are_masked() -> None:
    shown = allowed_environment(
        {"SLURM_JWT": "abc", "TF_API_KEY": "abc", "TF_CONFIG": "http://me:pw@host/"}
    )
    assert shown["SLURM_JWT"] == shown["TF_API_KEY"] == MASK
    assert shown["TF_CONFIG"] == f"http://{MASK}@host/"


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (["--token", "abc", "x"], ["--token", MASK, "x"]),
        (["--api-key=abc"], [f"--api-key={MASK}"]),
        (["PASSWORD=abc"], [f"PASSWORD={MASK}"]),
        (["--hf", "hf_abcdefghijklmnopqrst"], ["--hf", MASK]),
        (["https://me:pw@host/x"], [f"https://{MASK}@host/x"]),
        (["--token", "--epochs", "3"], ["--token", "--epochs", "3"]),
        (["train.py", "--epochs", "3"], ["train.py", "--epochs", "3"]),
        (
            ["--keyboard", "us", "--tokenizer=bpe"],
            ["--keyboard", "us", "--tokenizer=bpe"],
        ),
        (["--author=me"], ["--author=me"]),
    ],
)
def test_arguments(given: list[str], shown: list[str]) -> None:
    assert mask_arguments(given) == shown
