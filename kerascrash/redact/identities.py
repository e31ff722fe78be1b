"""
Who and where: users, hosts, homes, projects, control groups, as a case tells them.

Learned before anything is replaced, so that a name found in one place is recognised in
all others.
"""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from kerascrash.redact.paths import home_of, is_system

_SHORTEST = 2
_HOME_OWNER = re.compile(
    r"(?:/home\d?|/Users|[A-Za-z]:[\\/]{1,2}Users)[\\/]{1,2}([^\\/\s'\":;,<>]{1,64})"
)
_SAID_USER = re.compile(
    r"\b(?:user(?:name)?|logname|ruser)[\"']?\s?[=:]\s?[\"']?"
    r"([a-z_][a-z0-9_.-]{1,31})\b"
    r"|\b(?:for|by|of) user [\"']?([a-z_][a-z0-9_.-]{1,31})\b"
    r"|\buid=\d+\(([a-z_][\w.-]{1,31})\)",
    re.IGNORECASE,
)
_SAID_HOST = re.compile(
    r"(?<![A-Za-z])(?i:hostname|nodename|nodelist|SystemComputerName)[\"']?\s?[=:]\s?[\"']?"
    r"([A-Za-z][A-Za-z0-9.-]{0,62}(?:[A-Za-z0-9]|\[[\d,-]{1,80}\]))(?=[\s\"',;)\]]|$)"
    r"|\bhost[\"']?\s?[=:]\s?[\"']?(?=[A-Za-z.]*[\d-])"
    r"([A-Za-z][A-Za-z0-9.-]{0,62}[A-Za-z0-9])(?=[\s\"',;)\]]|$)"
    # Slurm: `srun: error: gpu-12: task 3: Killed`, `gpu-12: task 3:`, `JOB 7 ON gpu-12`
    r"|(?:^|: )([a-z][a-z0-9.-]{1,62}\d): tasks? [\d,-]{1,80}:"
    r"|\b(?:JOB|STEP) [\w.]{1,40} ON ([a-z][a-z0-9.-]{1,62}) (?:CANCELLED|FAILED)"
)
_SYSLOG_HOST = re.compile(
    r"^(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d(?:\.\d+)?|\d{4}-\d\d-\d\dT\S{8,32}) "
    r"([A-Za-z0-9][\w.-]{0,63}) [\w./@()-]{1,64}(?:\[\d+\])?:"
)
_ENV_KINDS = (
    ("user", re.compile(r"(?:^|_)(?:USER|LOGNAME|JOB_USER|ACCOUNT)$")),
    ("host", re.compile(r"HOST(?:NAME|S)?$|NODE(?:NAME|LIST)$|CLUSTER_NAME$|_HOST_")),
    ("id", re.compile(r"JOB_NAME$|RESERVATION|PARTITION$|_QOS$|COMMENT$|JOBNAME$")),
)
_GROUPS = re.compile(
    r"(?:oom_memcg=|task_memcg=|Task in |limit of |cpuset=|cgroup[: =]+|memcg[: =]+)"
    r"(/[^\s,'\"]{1,400})"
)
_SYSTEM_GROUP = re.compile(
    r"(?:user|system|machine|init|app|session|background|kubepods\w*|docker|podman|lxc|"
    r"libpod|slurm(?:d|stepd)?|system\.slice|memory|job|jobs|step|task|besteffort|"
    r"burstable|guaranteed|containers?|garden|ecs|kubelet|pods?)(?:\.(?:slice|scope|service))?"
    r"|(?:user-|user@|session-c?|uid_|job_|step_|task_|run-[ru]?)[\w]*?\d*(?:_\w+)?"
    r"(?:\.(?:slice|scope|service))?|kubepods-\w+\.slice|\d{1,9}|",
    re.IGNORECASE,
)
_CONTAINER = re.compile(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")
_COMMON_TEXT = """
root user users admin ubuntu debian centos fedora nobody daemon runner jovyan home
localhost local host hostname node server machine name none null unknown default train
training trainer test tests data dataset model models batch step epoch keras tensorflow
torch jax numpy python main script run app job work workspace project src code kernel
memory system container docker worker chief ps gpu cpu cuda loss history cache state
file path line error time bin lib tmp opt var layer dense input output fit call self arg
dir id group secret mail address mac home python true false chunk killed process task
limit usage total free used other service slice scope
"""
_COMMON = frozenset(_COMMON_TEXT.split())
COMMON_WORDS = _COMMON | set(keyword.kwlist) | set(dir(builtins))


@dataclass(slots=True)
class Identities:
    """What was learned; ``words`` are kinds by the word that is to be replaced."""

    words: dict[str, str] = field(default_factory=dict)
    roots: dict[str, str] = field(default_factory=dict)
    groups: set[str] = field(default_factory=set)
    versions: set[str] = field(default_factory=set)

    def add(self, kind: str, word: str) -> None:
        """Learn a name, unless it is a word that says nothing of anybody."""
        word = word.strip(" .\"'")
        plain = word.lower()
        if (
            len(word) <= _SHORTEST
            or plain in COMMON_WORDS
            or plain.isdigit()
            or "<" in word
        ):
            return
        self.words.setdefault(word, kind)

    def add_root(self, path: str) -> None:
        """Learn a project's folder; homes and system folders have their own rule."""
        path = path.rstrip("/\\")
        absolute = path.startswith("/") or re.match(r"[A-Za-z]:[\\/]", path)
        if not absolute or is_system(path) or path in ("", "/tmp", home_of(path)):
            return
        if path.count("/") + path.count("\\") > 1 or len(path) > 3:
            self.roots.setdefault(path, "project")

    def learn_text(self, text: str) -> None:
        """Learn from a text of any kind."""
        for word in _HOME_OWNER.findall(text):
            self.add("user", word)
        for found in _SAID_USER.finditer(text):
            self.add("user", next(filter(None, found.groups())))
        said = [next(filter(None, pair)) for pair in _SAID_HOST.findall(text)]
        for word in (*said, *_SYSLOG_HOST.findall(text)):
            self.add_host(word)
        self.groups.update(_GROUPS.findall(text))
        for container in _CONTAINER.findall(text):
            if f"docker{container}" in text.replace("/", "").replace("-", ""):
                self.words.setdefault(container[:12], "host")

    def learn_environment(self, values: Mapping[str, Any]) -> None:
        """Learn from variables by their names."""
        for key, value in values.items():
            for kind, rule in _ENV_KINDS:
                if rule.search(str(key)) and isinstance(value, str):
                    for word in _env_words(kind, value):
                        self.add(kind, word)

    def add_host(self, word: str) -> None:
        """Learn a host's name, whole and without its domain."""
        self.add("host", word)
        if "." in word:
            self.add("host", word.split(".", 1)[0])


def _env_words(kind: str, value: str) -> Iterable[str]:
    if kind != "host":
        return [value]
    short = [
        word.split(".", 1)[0] for word in re.split(r"[,\s]+", value) if "[" not in word
    ]
    return [value, *short]


def group_parts(path: str) -> Iterator[str]:
    """Yield the components of a control group's path that are no system's."""
    for part in path.split("/"):
        if not _SYSTEM_GROUP.fullmatch(part):
            yield part
