"""Addresses by shape: mail, IP, MAC, hosts in URLs, identifiers of machines."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable

Name = Callable[[str, str], str]
_MAIL = re.compile(
    r"(?<![\w.+-])[\w.+-]{1,64}@(?:[\w-]{1,63}\.){1,8}(?!service|slice|scope|socket|mount|timer|target|py\b)"
    r"[A-Za-z]{2,24}(?![\w-])"
)
_AT_HOST = re.compile(
    r"(?<![\w.+@/-])(?P<user>[a-z_][\w.-]{0,31})@(?P<host>[a-z][\w-]{1,62})(?=:[~/])"
)
_IPV4 = re.compile(
    r"(?<![\w.])(?<!==)(?<![A-Za-z]-)(?:\d{1,3}\.){3}\d{1,3}(?![\w]|\.\d)"
)
_VERSION_BEFORE = re.compile(
    r"(?:versions?|ver\.?|release|driver|v)[ :=]{0,3}$", re.IGNORECASE
)
_IPV6 = re.compile(
    r"(?<![\w:.])(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4}(?:%\w{1,15})?(?![\w:])"
)
_MAC = re.compile(
    r"(?<![\w:-])[0-9A-Fa-f]{2}(?:([:-])[0-9A-Fa-f]{2})(?:\1[0-9A-Fa-f]{2}){4}(?![\w:-])"
)
_UUID = re.compile(
    r"(?<![0-9A-Fa-f])[0-9A-Fa-f]{8}(?:[-_][0-9A-Fa-f]{4}){3}[-_][0-9A-Fa-f]{12}(?![0-9A-Fa-f])"
)
_URL = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]{1,15})://(?P<user><secret(?:-\d+)?>@)?"
    r"(?P<host>[\w.-]{1,253}|\[[0-9a-f:]+\])(?P<port>:\d{1,5})?(?P<path>/[^\s'\"<>]*)?",
    re.IGNORECASE,
)
_PUBLIC = re.compile(
    r"(?:.+\.)?(?:tensorflow\.org|keras\.io|python\.org|pytorch\.org|github\.com|"
    r"githubusercontent\.com|gitlab\.com|googleapis\.com|google\.com|nvidia\.com|"
    r"kaggle\.com|huggingface\.co|numpy\.org|pypi\.org|stackoverflow\.com|wikipedia\.org|"
    r"readthedocs\.io|perfetto\.dev|docs\.rs|kernel\.org|anaconda\.org|no-color\.org|"
    r"w3\.org|apache\.org|openxla\.org)|localhost|0\.0\.0\.0|127\.\d+\.\d+\.\d+|local",
    re.IGNORECASE,
)
_BUCKETS = (
    "s3",
    "s3a",
    "s3n",
    "gs",
    "gcs",
    "az",
    "abfs",
    "abfss",
    "wasbs",
    "hdfs",
    "dbfs",
    "hf",
)
_HOST_PORT = re.compile(
    r"(?<![\w./@<-])(?=[\w.-]{1,253}:\d{2,5}\b)(?P<host>[a-z0-9][\w-]{0,62}(?:\.[\w-]{1,63}){1,8})"
    r"(?=:\d{2,5}\b)",
    re.IGNORECASE,
)
_PRIVATE_HOST = re.compile(
    r"(?<![\w.<-])(?:ip-\d{1,3}(?:-\d{1,3}){3}[\w.-]{0,80}"
    r"|[A-Za-z][\w-]{0,62}(?:\.[\w-]{1,63}){0,6}\."
    r"(?:svc\.cluster\.local|compute\.internal|c\.[\w-]+\.internal|localdomain|intranet|corp|lan)"
    r")(?![\w(-])"
)
_FILE_SUFFIX = re.compile(r"\.(?:py|pyx|cc|cpp|cxx|c|h|hpp|cu|so|rs|go|js|ts|log|txt)$")


def replace_addresses(text: str, name: Name, versions: frozenset[str]) -> str:
    """
    Return the text without addresses; ``versions`` are known not to be one.

    Loopback and unspecified addresses stay: every machine has them.
    """
    if "://" in text:
        text = _URL.sub(lambda found: _url(found, name), text)
    if "@" in text:
        text = _MAIL.sub(lambda found: name("mail", found.group()), text)
        text = _AT_HOST.sub(_at_host(name), text)
    if "-" in text or "_" in text:
        text = _UUID.sub(lambda found: name("id", found.group().lower()), text)
    if ":" in text or "-" in text:
        text = _MAC.sub(lambda found: name("mac", found.group().lower()), text)
        text = _HOST_PORT.sub(lambda found: _host(found["host"], name), text)
        text = _IPV6.sub(lambda found: _ipv6(found.group(), name), text)
    if "." in text:
        text = _PRIVATE_HOST.sub(
            lambda found: name("host", found.group().lower()), text
        )
        text = _IPV4.sub(lambda found: _ipv4(found, name, versions), text)
    return text


def _url(found: re.Match[str], name: Name) -> str:
    host, path = found["host"], found["path"] or ""
    if found["scheme"].lower() == "file" or (
        _PUBLIC.fullmatch(host) and not found["user"]
    ):
        return found.group()
    if found["scheme"].lower() in _BUCKETS and path.count("/") > 1:
        folder, end = path.rsplit("/", 1)
        path = f"/{name('dir', folder.strip('/'))}/{end}"
    shown = host if _PUBLIC.fullmatch(host) else name("host", host.lower())
    return (
        f"{found['scheme']}://{found['user'] or ''}{shown}{found['port'] or ''}{path}"
    )


def _host(host: str, name: Name) -> str:
    """Return the host of ``worker-0.acme:2222`` replaced; ``train.py:41`` is none."""
    if (
        _PUBLIC.fullmatch(host)
        or _FILE_SUFFIX.search(host)
        or not host.strip("0123456789.")
    ):
        return host
    return name("host", host.lower())


def _at_host(name: Name) -> Callable[[re.Match[str]], str]:
    def replace(found: re.Match[str]) -> str:
        return f"{name('user', found['user'])}@{name('host', found['host'].lower())}"

    return replace


def _ipv4(found: re.Match[str], name: Name, versions: frozenset[str]) -> str:
    text = found.group()
    octets = [int(part) for part in text.split(".")]
    before = found.string[max(0, found.start() - 12) : found.start()]
    if max(octets) > 255 or text in versions or _VERSION_BEFORE.search(before):
        return text
    if octets[0] in (0, 127) or text == "255.255.255.255":
        return text
    return name("address", text)


def _ipv6(text: str, name: Name) -> str:
    """Clock times and C++ scopes have colons too: only what parses and is routed."""
    try:
        address = ipaddress.IPv6Address(text.partition("%")[0])
    except ValueError:
        return text
    first = int(address) >> 112
    routed = 0x2000 <= first < 0x4000 or 0xFC00 <= first < 0xFE00 or first >> 6 == 0x3FA
    return name("address", text.lower()) if routed else text
