"""
Secrets that give themselves away by their shape: tokens, keys, credentials.

Shapes are public facts of each provider's documentation. A rule matches the secret
itself (group ``secret``), so that what stands around it stays readable.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator

_PROVIDERS = (
    r"hf_[A-Za-z0-9]{8,}",  # Hugging Face
    r"(?:sk|pk|rk)[-_](?:live|test|proj|ant|or|svcacct)?[-_]?[A-Za-z0-9][\w-]{14,}",
    r"gh[pousr]_[A-Za-z0-9]{12,}|github_pat_\w{12,}",  # GitHub
    r"gl(?:pat|dt|rt|ptt|soat|cbt|ft)-[\w-]{12,}",  # GitLab
    r"xox[abeoprs]-[A-Za-z0-9-]{10,}|xapp-[\w-]{10,}",  # Slack
    r"(?:AKIA|ASIA|AROA|AIDA|AGPA|ANPA)[A-Z0-9]{12,}",  # AWS access key ids
    r"ya29\.[\w-]{12,}|AIza[\w-]{30,}|GOCSPX-[\w-]{20,}",  # Google
    r"eyJ[\w-]{8,}(?:\.[\w-]+){0,4}",  # JSON Web Token
    r"npm_[A-Za-z0-9]{20,}|pypi-[\w-]{20,}|dckr_pat_[\w-]{12,}|hvs\.[\w-]{12,}",
    r"SG\.[\w-]{10,}\.[\w-]{10,}|nvapi-[\w-]{20,}|gsk_[A-Za-z0-9]{20,}",
    r"r8_[A-Za-z0-9]{20,}|xai-[A-Za-z0-9]{20,}|dapi[a-f0-9]{30,}|lsv2_\w{20,}",
    r"(?<=hooks\.slack\.com/services/)[\w/]{10,}",
    r"(?<=discord\.com/api/webhooks/)[\w/-]{10,}",
    r"(?<=wandb login )[a-f0-9]{32,}",
    r"dop_v1_[a-f0-9]{20,}|shp(?:at|ss|ca|pa)_[a-fA-F0-9]{20,}|EAAC\w{20,}",
)
_SHAPED = re.compile(rf"(?<![A-Za-z0-9])(?P<secret>{'|'.join(_PROVIDERS)})")
_URL_CREDENTIALS = re.compile(r"(?<=://)(?P<secret>[^/@\s<>'\"]{1,300})(?=@[\w\[])")
_QUERY = re.compile(
    r"[?&][\w.%-]{0,40}(?:sig|signature|credential|token|key|secret|auth|pass(?:w|$))"
    r"[\w.%-]{0,40}=(?P<secret>[^&\s\"'<>#]{4,4000})",
    re.IGNORECASE,
)
_SCHEME = re.compile(
    r"\b(?:bearer|basic|digest|negotiate"
    r"|authorization[\"']?[ \t]?[:=][ \t]?[\"']?[a-z]{2,20})"
    r"[ \t]+(?P<secret>[\w.~+/-]{8,4000}={0,2})",
    re.IGNORECASE,
)
_CLIENT = re.compile(
    r"\bcurl\b[^\n|;]{0,400}? (?:-u|--user)[ =]?[\w.@-]{1,64}:"
    r"(?P<secret>[^\s'\"]{3,200})"
    r"|\bmysql\w{0,8}\b[^\n|;]{0,400}? -p(?P<mysql>[^\s'\"]{4,200})"
)
_PRIVATE = re.compile(
    r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
    r"(?P<secret>(?:(?!-----BEGIN).){1,20000}?)(?:-----END|\Z)",
    re.DOTALL,
)
_SSH_KEY = re.compile(
    r"\b(?:ssh-(?:rsa|dss|ed25519)|ecdsa-sha2-\w{1,20}|sk-\w[\w@.-]{1,60})[ \t]+"
    r"(?P<secret>AAAA[\w+/]{16,4000}={0,3})"
)
# In groups, as cards are written: a bare row of digits is rather a clock or an address.
_CARD = re.compile(
    r"(?<![\w.-])(?P<secret>[3-6]\d{3}(?P<by>[ -])"
    r"(?:\d{4}(?P=by)\d{4}(?P=by)\d{1,7}|\d{6}(?P=by)\d{4,5}))(?![\w-])"
)
_LONG = re.compile(r"(?<![\w+/=.-])(?P<secret>[\w+/-]{32,400}={0,2})(?![\w+/=])")
_LOWER_RUN = re.compile(r"[a-z]{7}|[A-Z]{7}|[0-9]{12}|_Z[NKSLT]|/.*/.*/.*/")
_BITS = 4.3
"""Entropy in bits a character from which a long mixed word is no word of a person."""


def find_shaped(text: str) -> Iterator[tuple[int, int]]:
    """Yield begin and end of everything in ``text`` that looks like a secret."""
    for rule in (_URL_CREDENTIALS, _QUERY, _SHAPED, _SSH_KEY):
        yield from (found.span("secret") for found in rule.finditer(text))
    for found in _CARD.finditer(text):
        if _is_card(found["secret"]):
            yield found.span("secret")
    for found in _PRIVATE.finditer(text):
        yield found.span("secret")
    for found in _CLIENT.finditer(text):
        yield found.span("secret" if found["secret"] else "mysql")
    for found in _SCHEME.finditer(text):
        if re.search(r"[0-9A-Z+/=]", found["secret"]):
            yield found.span("secret")
    for found in _LONG.finditer(text):
        if looks_random(found["secret"]):
            yield found.span("secret")


def _is_card(text: str) -> bool:
    """Return whether the digits have a payment card's check digit (ISO/IEC 7812)."""
    digits = [int(one) for one in text if one.isdigit()]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def looks_random(word: str) -> bool:
    """
    Return whether a long word is hardly a person's: mixed, no runs, many letters.

    Hexadecimal digests and mangled C++ names are not: commits and stacks must stay.
    """
    kinds = (r"[a-z]", r"[A-Z]", r"[0-9]")
    if len(word) < 32 or not all(re.search(kind, word) for kind in kinds):
        return False
    if _LOWER_RUN.search(word) or re.fullmatch(r"(?:0x)?[0-9a-fA-F]+", word):
        return False
    return entropy(word) >= _BITS


def entropy(word: str) -> float:
    """Return Shannon's entropy of the letters of ``word``, in bits a letter."""
    total = len(word)
    shares = [count / total for count in Counter(word).values()]
    return -sum(share * math.log2(share) for share in shares)
