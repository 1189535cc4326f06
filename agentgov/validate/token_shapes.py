"""The shapes of known tokens, and whether what has such a shape is a secret or only stands for one.

Shapes are those that issuers document or that secret scanners share. Every repetition is bounded, or takes all it can
and never gives back, so that no text makes the search slow. Never shows or keeps what it found.
"""

import math
import re
from collections import Counter

import msgspec

_START = r"(?<![A-Za-z0-9_])"
_END = r"(?![A-Za-z0-9_])"
_NAMED = r"[\"']?[ \t]{0,4}[:=][ \t]{0,4}[\"']?"  # between a name and its value, in YAML, JSON, INI and shells


class Shape(msgspec.Struct, frozen=True):
    """What one issuer's tokens look like.

    The expression names what is judged: `body` (the finding stands at the whole match) or `secret` (it stands there).
    """

    literals: tuple[bytes, ...]  # one of them stands in every text that has a match
    what: str
    pattern: re.Pattern[bytes]
    words: bool = False  # the body may hold hyphens, so that names in prose look like it: one long part must be random


def _shape(literals: str, what: str, pattern: str, *, words: bool = False) -> Shape:
    return Shape(tuple(one.encode() for one in literals.split("|")), what, re.compile(pattern.encode("ascii")), words)


def _prefixed(common: str, what: str, body: str, *, rest: str = "", end: str = _END, words: bool = False) -> Shape:
    """Tokens that start with `common`, then one of `rest` (a|b). What stands before is looked at last: so the search
    stays fast."""
    start, rests = re.escape(common), rest.split("|")
    then = "|".join(map(re.escape, rests))
    pattern = f"{start}(?<![A-Za-z0-9_]{start})(?:{then})(?P<body>{body}){end}"
    return _shape("|".join(common + one for one in rests), what, pattern, words=words)


SHAPES: tuple[Shape, ...] = (
    _shape("PRIVATE KEY", "a private key", r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"),
    _prefixed("AKIA", "an AWS access key", r"[0-9A-Z]{16}"),
    _prefixed("ASIA", "an AWS access key", r"[0-9A-Z]{16}"),
    _shape(
        "cess_key|cessKey|CESS_KEY|cess-key",
        "an AWS secret access key",
        rf"(?i:secret[_-]?access[_-]?key){_NAMED}(?P<secret>[A-Za-z0-9/+]{{40}})(?![A-Za-z0-9/+=])",
    ),
    _prefixed("gh", "a GitHub token", r"[A-Za-z0-9]{36,255}", rest="p_|o_|u_|s_|r_"),
    _prefixed("github_pat_", "a GitHub token", r"[A-Za-z0-9_]{50,255}"),
    _prefixed(
        "gl",
        "a GitLab token",
        r"[A-Za-z0-9_-]{20,}+",
        rest="pat-|ptt-|dt-|rt-|cbt-|soat-|imt-|agent-|ft-|ffct-",
        end="",
    ),
    _prefixed("xox", "a Slack token", r"[A-Za-z0-9-]{10,}+", rest="a-|b-|e-|o-|p-|r-|s-", end=""),
    _prefixed("xapp-", "a Slack token", r"[0-9]-[A-Za-z0-9-]{10,}+", end=""),
    _shape("hooks.slack.com/", "a Slack webhook", r"hooks\.slack\.com/services/(?P<body>[A-Za-z0-9/_-]{20,}+)"),
    _shape("k_live_", "a Stripe key", rf"{_START}[rs]k_live_(?P<body>[A-Za-z0-9]{{10,}}+)"),
    _shape("k_test_", "a Stripe key", rf"{_START}[rs]k_test_(?P<body>[A-Za-z0-9]{{10,}}+)"),
    _prefixed("whsec_", "a webhook signing secret", r"[A-Za-z0-9+/]{24,}+", end=""),
    _prefixed("sk-", "an API key", r"[A-Za-z0-9_-]{20,}+", end="", words=True),
    _prefixed("AIza", "a Google API key", r"[0-9A-Za-z_-]{35}", end=""),
    _prefixed("ya29.", "a Google token", r"[0-9A-Za-z_-]{20,}+", end=""),
    _shape(
        "service_account",
        "the key of a Google service account",
        rf"private_key_id{_NAMED}(?P<secret>[0-9a-f]{{40}}){_END}",
    ),
    _shape(
        "eyJ",
        "a JSON web token",
        r"eyJ(?<![A-Za-z0-9_-]eyJ)[A-Za-z0-9_-]{8,}+\.eyJ[A-Za-z0-9_-]{8,}+\.(?P<body>[A-Za-z0-9_-]{8,}+)",
    ),
    _prefixed("npm_", "an npm token", r"[A-Za-z0-9]{36}"),
    _prefixed("pypi-AgE", "a PyPI token", r"[A-Za-z0-9_-]{50,}+", end=""),
    _prefixed("hf_", "a Hugging Face token", r"[A-Za-z0-9]{30,}+"),
    _prefixed("api_org_", "a Hugging Face token", r"[A-Za-z0-9]{30,}+"),
    _prefixed("SG.", "a SendGrid key", r"[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{16,64}", end=""),
    _prefixed("hv", "a Vault token", r"[A-Za-z0-9_-]{20,}+", rest="b.|s.", end=""),
    _shape("_v1_", "a DigitalOcean token", rf"{_START}do[opr]_v1_(?P<body>[a-f0-9]{{64}}){_END}"),
    _prefixed("shp", "a Shopify token", r"[a-fA-F0-9]{32}", rest="at_|ca_|pa_|ss_"),
    _prefixed("dapi", "a Databricks token", r"[a-f0-9]{32}"),
    _prefixed("SK", "a Twilio key", r"[a-f0-9]{32}"),
    _shape(":AA", "a Telegram bot token", rf"{_START}[0-9]{{8,10}}:(?P<body>AA[A-Za-z0-9_-]{{33}})(?![A-Za-z0-9_-])"),
    _shape("AccountKey=", "an Azure storage key", r"AccountKey=(?P<body>[A-Za-z0-9+/]{40,}+)"),
    _shape("sig=", "an Azure shared access signature", r"sig=(?<![A-Za-z0-9_]sig=)(?P<body>[A-Za-z0-9+/%]{43,}+)"),
    _shape("AGE-SECRET-KEY-", "an age key", r"AGE-SECRET-KEY-1(?P<body>[0-9A-Z]{58})"),
    _shape(
        "uthorization|UTHORIZATION",
        "a token in an Authorization header",
        rf"(?i:{_START}authorization{_NAMED}(?:bearer|basic|token)[ \t]{{1,4}})(?P<secret>[A-Za-z0-9._~+/-]{{16,}}+)",
    ),
)
IN_URL = re.compile(rb"://[^\s/:@\"'{}<>$]{0,64}:(?P<body>[^\s/:@\"'{}<>$]{3,128})@[A-Za-z0-9.-]")

_STANDS_FOR = re.compile(
    rb"your|example|change[_-]?(?:me|this|it)|placeholder|replace|insert|dummy|redacted|removed|sample|goes[_-]?here"
    rb"|xxxx|\*\*\*|\.\.\.|([A-Za-z0-9*.])\1{7}",
    re.IGNORECASE,
)
_STANDS_FOR_PASSWORD = re.compile(
    rb"[A-Z][A-Z_]*\Z|(?:my|the|db|user)?[_-]?(?:pass|password|passwd|passphrase|pwd|pw|secret|token)\Z"
    rb"|%|\[|(.)\1*\Z|\*+\Z|\.+\Z"
)
_PARTS = re.compile(rb"[A-Za-z0-9]+")
_LEAST_BITS = 3.0  # a character; 32 random hexadecimal digits have 3.6, a word written with numbers below 3
_LEAST_RANDOM_PART = 16


def is_placeholder(text: bytes) -> bool:
    """Whether a text says that something else is to stand in its place: YOUR_KEY, example, xxxx, ********."""
    return _STANDS_FOR.search(text) is not None


def is_password_placeholder(text: bytes) -> bool:
    """Whether what stands as a password in a URL is a name for one: PASSWORD, password, %s, ***."""
    return is_placeholder(text) or _STANDS_FOR_PASSWORD.match(text) is not None


def is_random(body: bytes, *, words: bool = False) -> bool:
    """Whether the part of a token that its issuer generates looks generated; `words`: one long part of it must."""
    body = body[:512]
    if is_placeholder(body) or not (_is_mixed(body) or (body.isalnum() and body.isupper())):
        return False
    if words:
        part = max(_PARTS.findall(body), key=len, default=b"")
        return len(part) >= _LEAST_RANDOM_PART and _is_mixed(part) and entropy(part) >= _LEAST_BITS
    return entropy(body) >= (_LEAST_BITS if len(body) >= 20 else 2.5)


def entropy(text: bytes | str) -> float:
    """Bits a character, by the frequency of the characters in the text itself."""
    total = len(text)
    return -sum(count / total * math.log2(count / total) for count in Counter(text).values())


def _is_mixed(body: bytes) -> bool:
    """Digits and letters, or, in tokens of letters alone, both cases in every mix: no word is written so."""
    letters = sum(map(bytes.isalpha, _PARTS.findall(body)))
    digits = any(48 <= one <= 57 for one in body)
    upper, lower = (sum(a <= one <= z for one in body) for a, z in ((65, 90), (97, 122)))
    return (digits and upper + lower > 0) or (letters > 0 and min(upper, lower) >= 4)
