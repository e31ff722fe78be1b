"""What must be known before anything is replaced: secrets, people, places, names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any

from kerascrash.model.case import Log, Series
from kerascrash.redact.arguments import secret_arguments
from kerascrash.redact.identities import Identities
from kerascrash.redact.literals import is_telling
from kerascrash.redact.names import collect_names
from kerascrash.redact.secret_names import find_named, is_secret_name, is_secret_value
from kerascrash.redact.secret_shapes import find_shaped

_MASK = "***"
_FOLDERS = ("cwd", "script")


@dataclass(slots=True)
class Knowledge:
    """Grows while values are shown to it; in whatever order, the result is the same."""

    secrets: set[str] = field(default_factory=set)
    identities: Identities = field(default_factory=Identities)
    names: set[str] = field(default_factory=set)
    _texts: set[str] = field(default_factory=set)

    def learn(self, value: Any, key: str = "") -> None:
        """Learn from a text, JSON data or a dataclass of the model."""
        if isinstance(value, str):
            self._learn_text(value, key)
        elif isinstance(value, Mapping):
            self._learn_mapping(value, key)
        elif isinstance(value, (list, tuple, set, frozenset)):
            if key == "argv":
                self._add_secrets(secret_arguments(list(value)))
            for item in value:
                self.learn(item, key)
        elif is_dataclass(value) and not isinstance(value, Series):
            if isinstance(value, Log):
                self.learn_whole("\n".join(line.text for line in value.lines))
            collect_names(value, self.names)
            for each in fields(value):
                self.learn(getattr(value, each.name), each.name)

    def learn_environ(self, environ: Mapping[str, str]) -> None:
        """Learn the secrets in an environment, by the names of its variables."""
        for name, value in environ.items():
            if is_secret_name(name.replace("_", "-")) and is_secret_value(value):
                self._add_secrets([value])

    def learn_whole(self, text: str) -> None:
        """Learn secrets that go over lines: private keys."""
        if "PRIVATE KEY" in text:
            self._add_secrets(text[begin:end] for begin, end in find_shaped(text))

    def _learn_mapping(self, value: Mapping[str, Any], key: str) -> None:
        if key in ("env", "environ"):
            self.identities.learn_environment(value)
            self.learn_environ({str(k): str(v) for k, v in value.items()})
        if key == "packages":
            self.identities.versions.update(str(v) for v in value.values())
        path = value.get("path")
        if (
            isinstance(path, str)
            and path.startswith("/")
            and (key in ("cgroup", "cgroups", "levels") or "limit" in value)
        ):
            self.identities.groups.add(path)
        collect_names(value, self.names, key)
        for name, item in value.items():
            self.learn(item, str(name))
            self._learn_text(str(name), "")

    def _learn_text(self, text: str, key: str) -> None:
        if key in _FOLDERS:
            self._learn_folder(text, key)
        if key == "host":
            self.identities.add_host(text)
        if key and is_secret_name(key) and is_secret_value(text):
            self._add_secrets([text])
        if text in self._texts:
            return
        self._texts.add(text)
        spans = (*find_shaped(text), *find_named(text))
        self._add_secrets(text[begin:end] for begin, end in spans)
        self.identities.learn_text(text)

    def _learn_folder(self, text: str, key: str) -> None:
        cut = max(text.rfind("/"), text.rfind("\\"))
        folder = text if key == "cwd" else text[: max(cut, 0)]
        if folder:
            self.identities.add_root(folder)

    def _add_secrets(self, values: Any) -> None:
        for value in values:
            if is_telling(value) and _MASK not in value and "<secret" not in value:
                self.secrets.add(value.strip())
