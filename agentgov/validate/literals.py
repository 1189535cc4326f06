"""Literal secrets: the shapes of known tokens anywhere in a text, and values that look random where secrets stand.

A secret is never repeated in a message. Shapes are those that their issuers document or that secret scanners share.
Each has a literal that is looked for first, because a plain search is a hundred times faster than an expression.
"""

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping

from agentgov.validate.pointers import child

_SHAPES: tuple[tuple[bytes, str, str], ...] = (
    (b"PRIVATE KEY-----", "a private key", r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----"),
    (b"AKIA", "an AWS access key", r"\bAKIA[0-9A-Z]{16}\b"),
    (b"ASIA", "an AWS access key", r"\bASIA[0-9A-Z]{16}\b"),
    (b"ghp_", "a GitHub token", r"\bghp_[A-Za-z0-9]{36,255}\b"),
    (b"gho_", "a GitHub token", r"\bgho_[A-Za-z0-9]{36,255}\b"),
    (b"ghu_", "a GitHub token", r"\bghu_[A-Za-z0-9]{36,255}\b"),
    (b"ghs_", "a GitHub token", r"\bghs_[A-Za-z0-9]{36,255}\b"),
    (b"ghr_", "a GitHub token", r"\bghr_[A-Za-z0-9]{36,255}\b"),
    (b"github_pat_", "a GitHub token", r"\bgithub_pat_[A-Za-z0-9_]{50,255}\b"),
    (b"glpat-", "a GitLab token", r"\bglpat-[A-Za-z0-9_-]{20,}"),
    (b"xox", "a Slack token", r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}"),
    (b"xapp-", "a Slack token", r"\bxapp-[0-9]-[A-Za-z0-9-]{10,}"),
    (b"hooks.slack.com/", "a Slack webhook", r"hooks\.slack\.com/services/[A-Za-z0-9/_-]{20,}"),
    (b"k_live_", "a Stripe key", r"\b[rs]k_live_[A-Za-z0-9]{10,}"),
    (b"sk-", "an API key", r"\bsk-(?=[A-Za-z_-]{0,40}[0-9])[A-Za-z0-9_-]{20,}"),
    (b"AIza", "a Google API key", r"\bAIza[0-9A-Za-z_-]{35}"),
    (b"ya29.", "a Google token", r"\bya29\.[0-9A-Za-z_-]{20,}"),
    (b"eyJ", "a JSON web token", r"\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}"),
    (b"npm_", "an npm token", r"\bnpm_[A-Za-z0-9]{36}\b"),
    (b"pypi-", "a PyPI token", r"\bpypi-[A-Za-z0-9_-]{50,}"),
    (b"hf_", "a Hugging Face token", r"\bhf_[A-Za-z0-9]{30,}\b"),
    (b"SG.", "a SendGrid key", r"\bSG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}"),
    (b"hvs.", "a Vault token", r"\bhvs\.[A-Za-z0-9_-]{20,}"),
    (b"dop_v1_", "a DigitalOcean token", r"\bdop_v1_[a-f0-9]{64}\b"),
    (b"AccountKey=", "an Azure storage key", r"AccountKey=[A-Za-z0-9+/=]{40,}"),
    (b"AGE-SECRET-KEY-", "an age key", r"AGE-SECRET-KEY-1[0-9A-Z]{58}"),
    (b"://", "a password in a URL", r"://[^\s/:@\"'{}<>$]{1,64}:[^\s/:@\"'{}<>$]{3,128}@[A-Za-z0-9.-]"),
)
_COMPILED = tuple((literal, what, re.compile(shape.encode("ascii"))) for literal, what, shape in _SHAPES)

_SECRET_KEY = re.compile(
    r"(?:^|[a-z0-9_.-])(?:pass(?:word|wd|phrase)|pwd|secret|token|api[_.-]?key|access[_.-]?key|private[_.-]?key"
    r"|credentials?|authorization)$",
    re.IGNORECASE,
)
# A reference or a placeholder, not a secret: vault:..., env:..., ${NAME}, {{name}}, <name>, and words in capitals.
_REFERENCE = re.compile(r"[a-z][a-z0-9+.-]*:[^\s]|\$|\{|<|[A-Z][A-Z0-9_]*\Z")
_RANDOM = re.compile(r"[A-Za-z0-9+/_=-]{32,}\Z")
_LEAST_BITS = 4.2  # a character; English runs at about 4.0 and has spaces, random base64 of this length above 4.5


def shapes(data: bytes) -> Iterator[tuple[int, str]]:
    """(offset in the bytes, what it is) of everything that has the shape of a known token."""
    for literal, what, shape in _COMPILED:
        if literal in data:
            for match in shape.finditer(data):
                yield match.start(), what


def suspicious(value: object, pointer: str = "") -> Iterator[tuple[str, str]]:
    """(pointer, why) of values that look like a secret by the name of their key, or by being random."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            here = child(pointer, key)
            if isinstance(item, str):
                if _names_secret(key) and len(item) >= 8 and not _REFERENCE.match(item) and " " not in item:
                    yield here, f"a literal value under {key}"
                elif looks_random(item):
                    yield here, "a value that looks random"
            elif isinstance(item, dict | list):
                yield from suspicious(item, here)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            here = child(pointer, index)
            if isinstance(item, str):
                if looks_random(item):
                    yield here, "a value that looks random"
            elif isinstance(item, dict | list):
                yield from suspicious(item, here)


def looks_random(text: str) -> bool:
    """Whether a word has the length, the mix and the entropy of a generated secret."""
    if len(text) < 32 or not _RANDOM.match(text):
        return False
    kinds = (any(map(str.isupper, text)), any(map(str.islower, text)), any(map(str.isdigit, text)))
    return all(kinds) and entropy(text) >= _LEAST_BITS


def entropy(text: str) -> float:
    """Bits a character, by the frequency of the characters in the text itself."""
    total = len(text)
    return -sum(count / total * math.log2(count / total) for count in Counter(text).values())


def _names_secret(key: str) -> bool:
    return _SECRET_KEY.search(key) is not None
