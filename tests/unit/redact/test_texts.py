"""What goes, and what looks like it and must stay."""

from __future__ import annotations

import re
from typing import Any

import pytest

from kerascrash.redact.diagnosis import make_redactor

GO = {
    "login with hf_abcdEFGH1234ijklMNOP": "hf_abcdEFGH1234ijklMNOP",
    "key sk-proj-Abc123Def456Ghi789Jkl is used": "sk-proj-Abc123Def456Ghi789Jkl",
    "ghp_0123456789abcdefABCDEF0123456789abcd": "ghp_",
    "github_pat_11ABCDEFG0abcdefghij_xyz": "github_pat_",
    "glpat-AbCdEfGhIjKlMnOpQrSt": "glpat-",
    "xoxb-123456789012-abcdefghijkl": "xoxb",
    "id AKIAIOSFODNN7EXAMPLE here": "AKIA",
    "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY": "wJalr",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abcDEF_123-xyz": "eyJ",
    "AIzaSyA1234567890abcdefghijklmnopqrstuv": "AIza",
    "Authorization: Bearer abc.DEF-123_ghi": "abc.DEF",
    "'Authorization': 'ApiKey 0a1b2c3d4e'": "0a1b2c",
    "the password is hunter2": "hunter2",
    "X-API-Key: frobnitz": "frobnitz",
    "AccountName=x;AccountKey=abcDEF123+/=;Endpoint=y": "abcDEF",
    "Set-Cookie: sid=abc123def; Path=/": "abc123def",
    "mongodb+srv://u:p%40ss@c0.ab.mongodb.net/x": "p%40ss",
    "ssh ada@node17:/x": "node17",
    "authorization: Basic dXNlcjpwYXNzd29yZA==": "dXNlc",
    "postgresql://bob:s3cr3t@db/x": "s3cr3t",
    "https://tok_123abc@git.example.com/r.git": "tok_123abc",
    "GET /x?sig=aZ9%2Fq0&n=1": "aZ9%2Fq0",
    "password=hunter2": "hunter2",
    "passwd: 'correct horse'": "correct horse",
    'json {"api_key": "abc", "n": 1}': '"abc"',
    "config['client_secret'] = 'xyzzy'": "xyzzy",
    "run.py --db-password swordfish --n 3": "swordfish",
    "['run.py', '--token', 'plugh-9']": "plugh-9",
    "DATABASE_PASSWORD=p@ss;w": "p@ss",
    "export WANDB_API_KEY=0123456789abcdef0123456789abcdef01234567": "0123456789abcdef",
    "blob Zm9vYmFyQmF6UXV4MTIzNDU2Nzg5MEFCQ0RFRg": "Zm9v",
    "mail ada.l+x@lab.example.org now": "ada.l",
    "peer 10.20.30.40:8470 lost": "10.20.30.40",
    "bind 2001:db8:1:2::7 failed": "2001:db8",
    "link fe80::1c2d:3eff:fe4f:5a6b%eth0": "fe80",
    "hw 00:1A:2b:3C:4d:5E up": "1A:2b",
    "GPU-1b2c3d4e-0000-1111-2222-333344445555": "1b2c3d4e",
    "grpc://worker-0.train.example.com:2222": "worker-0",
    "job at ip-10-0-3-17.ec2.internal": "ip-10-0-3-17",
    "gs://acme-bucket/raw/2031/x.tfrecord": "acme-bucket",
    "open('/home/ada/secret/plan.csv')": "ada",
    "PATH=/usr/bin:/home/ada/bin:/x": "ada",
    'File "/data/acme/deal/train.py", line 3': "acme",
    r"C:\Users\Ada Lovelace\work\train.py": "Lovelace",
    "see file:///home/ada/plan.html": "ada",
    "~ada/plan/notes.txt": "plan/",
    "gcc -I/home/ada/include x.c": "ada",
    "curl -s -u alice:Wint3r2031 https://x.example.com/": "Wint3r2031",
    "mysql -u root -pS3cretPw! db": "S3cretPw",
    r"{\"api_key\": \"zzTop-bottle\"}": "zzTop",
    "wandb login 0123456789abcdef0123456789abcdef01234567": "0123456789abcdef",
    "WANDB_API_KEY 0123456789abcdef0123456789abcdef01234567": "0123456789abcdef",
    "Server=x;Uid=sa;Pwd=Secr3t!!;": "Secr3t",
    "POST /x?a=1&PASSWORD%3Dhunter7": "hunter7",
    "pass\u200bword=hunter5": "hunter5",
    'authentication failed for user "marvin"': "marvin",
    "SLURM_NODELIST=gpu[01-04]": "gpu[01",
    "srun: error: gpu-node-12: task 3: Out Of Memory": "gpu-node-12",
    "slurmstepd: error: *** JOB 77 ON gpunode7 CANCELLED AT 12:00 ***": "gpunode7",
    "hf://datasets/acme/merger/x.parquet": "acme",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGZha2VrZXlmYWtl gpu": "AAAAC3Nz",
    "id 'ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQCfakefake==' added": "AAAAB3Nz",
    "paid with 4111 1111 1111 1111, thanks": "1111 1111",
    "row 5500-0000-0000-0004 refused": "0000-0000",
    "amex 3782 822463 10005": "822463",
}
STAY = """\
commit 0123456789abcdef0123456789abcdef01234567 (HEAD)
at 7f3b9c1 in 2.21.0-rc1, protobuf==5.29.1, opencv-python==4.10.0.84
driver 535.104.05, CUDA 12.5.1, version 4.10.0.84
shape (None, 224, 224, 3), 1920x1080, float32, bfloat16
0x7f8a6bcb4950 ip 00007f6b error 4 in libtensorflow_cc.so.2[7f6b00000000+9000]
_ZN10tensorflow8OpKernel7ComputeEPNS_15OpKernelContextE
tensorflow::BFCAllocator::AllocateRawInternal std::bad_alloc
StatefulPartitionedCall/gradient_tape/model/dense_1/MatMul/MatMul_1
/job:localhost/replica:0/task:0/device:GPU:0
2026-11-23 14:03:22.123456: W external/local_xla/xla/tsl/framework/cpu_allocator.cc:83]
Epoch 3/10  17/782 [=>...] - ETA: 12:34:56 - loss: 0.6931
[12345.678901] python[4711]: segfault at 0 ip 0000 sp 0000
key=len, key: 3, keys=['a'], num_tokens=512, max_tokens: 4096, tokenizer=bert
token = tokenizer.encode(text)
for key, value in mapping.items():
sorted(rows, key=lambda row: row.bytes)
password: str | None = None
query=q, key=k, value=v
passwords: none
the password is wrong, the token is invalid, a token was expected
File "/usr/lib/python3.11/threading.py", line 1045, in _bootstrap
/proc/4711/smaps_rollup /dev/shm /sys/fs/cgroup/memory.max
0000:3b:00.0 GeForce, PCI bus
listening on 127.0.0.1:8888 and 0.0.0.0:6006, localhost:2222
https://www.tensorflow.org/api_docs/python/tf/data#performance
<module> <lambda> List<int> a<b
12 GB/s, 3/4 done, and/or, s/step
@tf.function(jit_compile=True)
user@1000.service user-1000.slice session-3.scope
sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
AttributeError: 'NoneType' object has no attribute 'secret_name'
basic authentication is off; bearer of news
the token classification_head_of_model_v2_final is unknown
PWD=/work and pwd: /usr/share
curl -o out.npz https://www.tensorflow.org/data.npz
step 12: task 3: done, an error: 3 tasks: killed
rows 4111 1111 1111 1112 and 4000 1000 2000 3001 of 5000 6000 7000 8001
ssh-rsa is off, ssh-ed25519 AAAA is short; 4111111111111111 ns
pid 31811, step 1,920, uid=0, exit status 137, signal 9
"""


@pytest.mark.parametrize("text", GO)
def test_it_goes(text: str) -> None:
    shown = make_redactor([text]).text(text)
    assert GO[text].lower() not in shown.lower()
    assert re.search(r"<[a-z]+(?:-\d+)?>", shown)


@pytest.mark.parametrize("text", STAY.splitlines())
def test_it_stays(text: str) -> None:
    assert make_redactor([text]).text(text) == text


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/home/ada/train.py", "<home>/train.py"),
        ("/home/ada/a/b/x.npy", "<home>/<dir>/x.npy"),
        ("/venv/lib/python3.11/site-packages/keras/src/x.py",
         "<python>/site-packages/keras/src/x.py"),
        ("/opt/py/lib/python3.11/ast.py", "<python>/lib/python3.11/ast.py"),
        ("/usr/lib/python3/dist-packages/x.py", "/usr/lib/python3/dist-packages/x.py"),
        ("/tmp/run7/ckpt.h5", "/tmp/<dir>/ckpt.h5"),
        ("/mnt/a/b", "/<dir>"),
        ("/run/user/1000/x/y.sock", "/<dir>/y.sock"),
    ],
)  # fmt: skip
def test_a_path_keeps_what_says_which_file_it_is(path: str, shown: str) -> None:
    assert make_redactor([path]).text(path) == shown


def test_a_secret_with_a_name_is_found_where_it_has_none() -> None:
    redactor = make_redactor(["password=Marzipan-5"])
    shown = redactor.text("refused Marzipan-5, Marzipan-5")
    assert shown == "refused <secret>, <secret>"


def test_secrets_of_the_environment_and_of_arguments_are_known() -> None:
    redactor = make_redactor(
        {
            "env": {"TF_HUB_TOKEN": "Gumdrop-88"},
            "argv": ["x.py", "--secret", "Nougat-77"],
        },
        environ={
            "MY_API_KEY": "Praline-66",
            "PWD": "/some/place",
            "PATH": "/a/bin:/b/bin",
        },
    )
    assert redactor.text("Gumdrop-88 Nougat-77 Praline-66") == (
        "<secret> <secret-2> <secret-3>"
    )
    assert redactor.text("cd /usr/place") == "cd /usr/place"


def test_a_short_word_is_hidden_where_named_and_nowhere_else() -> None:
    redactor = make_redactor(["password=model", "the model is large"])
    assert redactor.text("password=model") == "password=<secret>"
    assert redactor.text("the model is large") == "the model is large"


def test_a_secret_that_was_cut_off_goes_too() -> None:
    redactor = make_redactor(["password=Marzipan-Quixote-5"])
    assert redactor.text("said Marzipan-Qui…") == "said <secret>…"


def test_an_escape_in_its_middle_hides_no_secret() -> None:
    redactor = make_redactor(["password=Marzipan-5"])
    assert "zipan" not in redactor.text("said Mar\x1b[31mzipan-5\x1b[0m")


def test_pseudonyms_tell_nothing_of_the_value_and_are_stable() -> None:
    redactor = make_redactor(["password=Marzipan-5", "secret=Nougat-77"])
    other = make_redactor(["password=Nougat-77", "secret=Marzipan-5"])
    for text in ("Marzipan-5 Nougat-77 Marzipan-5",):
        assert redactor.text(text) == other.text(text) == "<secret> <secret-2> <secret>"


def test_what_was_redacted_is_left_alone() -> None:
    for text in (*GO, *STAY.splitlines()):
        once = make_redactor([text]).text(text)
        assert make_redactor([once]).text(once) == once


def test_keys_of_records_stay_even_if_a_user_is_called_so() -> None:
    data = {"files": ["/home/frames/x.py"], "frames": [{"function": "f", "user": True}]}
    redactor = make_redactor(data)
    assert redactor.value(data)["frames"] == [{"function": "f", "user": True}]
    assert redactor.text("frames of frames") == "<user> of <user>"


def test_arguments_lose_their_values_but_for_numbers() -> None:
    argv = ["/home/ada/bin/python", "-m", "pkg.train", "--epochs", "3", "--name",
            "deal", "--lr=1e-3", "--note=quiet merger", "--amp", "true"]  # fmt: skip
    shown = make_redactor({"argv": argv}).value({"argv": argv})["argv"]
    assert shown == [
        "<python>/bin/python", "-m", "pkg.train", "--epochs", "3", "--name", "<arg>",
        "--lr=1e-3", "--note=<arg-2>", "--amp", "true",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "unit", ["a", "/a", "token", "a-", "--", "sk-", "a@", "C:\\a b\\"]
)
def test_long_texts_take_time_in_proportion(unit: str) -> None:
    import time

    def seconds(length: int) -> float:
        text = unit * (length // len(unit))
        begin = time.process_time()
        make_redactor([text]).text(text)
        return time.process_time() - begin

    seconds(1000)
    assert seconds(80_000) < 4 + 30 * seconds(8_000)


def test_names_go_in_names_and_in_code_but_not_in_sentences() -> None:
    data: dict[str, Any] = {
        "entries": [{"owner": "ZebraNet.batch", "path": "__main__.zebra_net.batch"}]
    }
    redactor = make_redactor(data, names=True)
    (entry,) = redactor.value(data)["entries"]
    assert entry["owner"] == "<name>.<name-2>"
    assert re.fullmatch(r"__main__\.<name-3>\.<name-2>", entry["path"])
    said = redactor.text("`ZebraNet.batch` grew with each batch; ZebraNet is large")
    assert said == "`<name>.<name-2>` grew with each batch; <name> is large"


def test_source_lines_go_with_the_names() -> None:
    data = {"place": {"function": "f", "excerpt": [[1, "zebra = 1"]]},
            "frames": [{"function": "g", "source": "zebra()"}],
            "traceback": [["a.py", 1, "g", "zebra()"]]}  # fmt: skip
    assert "zebra" not in str(make_redactor(data, names=True).value(data))
    assert "zebra" in str(make_redactor(data).value(data))
    lines = ['  File "a.py", line 3, in g', "    zebra()", "ValueError: no"]
    shown = make_redactor(data, names=True).lines(lines)
    assert shown == [lines[0], "(source left out)", lines[2]]
