"""Secrets are found and what stands for one is not, over a corpus; the search is linear in hostile texts."""

import hashlib

import pytest
from patience import ends

from agentgov.validate.literals import shapes

MIX = "Ab3dEf6hIj9kLm2nOp5qRs8tUv1wXy4z" * 4
HEX = hashlib.sha512(b"corpus").hexdigest()
CAPS = "Q7ZL2MXK9RTB4WPN"
LETTERS = "aKxQmZpLrTbWnYcVdUeSfRgPhOiNjMkLlK"

# Put together when this runs: no scanner takes this file for a leak.
POSITIVE = [
    *(f"gh{kind}" + "_" + MIX[:36] for kind in "pousr"),
    "github" + "_pat_" + MIX[:82],
    *(f"gl{kind}" + "-" + MIX[:20] for kind in ("pat", "ptt", "dt", "rt", "soat", "imt", "agent", "ft", "ffct")),
    "glcbt" + "-64_" + MIX[:20],
    *(f"{kind}k" + f"_{mode}_" + MIX[:24] for kind in "rs" for mode in ("live", "test")),
    "whsec" + "_" + MIX[:32],
    "SK" + HEX[:32],
    "123456789" + ":AA" + MIX[:33],
    "Authorization: " + "Bearer " + MIX[:32],
    '{"authorization": "' + "Bearer " + MIX[:40] + '"}',
    "AUTHORIZATION=" + "Bearer " + HEX[:40],
    "redis://" + ":hunter22x@cache.internal/0",
    "postgres://" + "app:s3cr3t-pw@db/x",
    "amqp://" + "svc:Vt8-kq2@mq:5672",
    *(f"-----BEGIN {kind}" + "PRIVATE KEY-----" for kind in ("", "RSA ", "EC ", "OPENSSH ", "ENCRYPTED ")),
    "-----BEGIN PGP " + "PRIVATE KEY BLOCK-----",
    "https://a.blob.core.windows.net/c?sv=1&" + "sig=" + MIX[:41] + "%2B%3D",
    "Account" + "Key=" + MIX[:86] + "==",
    "hf" + "_" + LETTERS,
    "api" + "_org_" + LETTERS,
    '{"type": "service_account", "' + 'private_key_id": "' + HEX[:40] + '"}',
    "SG" + "." + MIX[:22] + "." + MIX[5:48],
    "https://hooks.slack" + ".com/services/T0Q7Z2M9X/B1R8T4W6P/" + MIX[:24],
    *(f"xox{kind}" + "-123456789012-" + MIX[:24] for kind in "abeoprs"),
    "xapp" + "-1-A1B2C3-" + MIX[:30],
    "npm" + "_" + MIX[:36],
    "pypi-AgE" + "IcHlwaS5vcmc" + MIX[:80],
    "aws_" + "secret_access_key = " + MIX[:40],
    "AWS_" + "SECRET_ACCESS_KEY: '" + MIX[:40] + "'",
    '"Secret' + 'AccessKey": "' + MIX[:38] + '/+"',
    "AKIA" + CAPS,
    "ASIA" + CAPS,
    "dop" + "_v1_" + HEX[:64],
    "shp" + "at_" + HEX[:32],
    "shp" + "ss_" + HEX[:32],
    "dapi" + HEX[:32],
    "AIza" + MIX[:35],
    "ya29" + "." + MIX[:40],
    "sk" + "-" + MIX[:48],
    "sk" + "-proj-" + MIX[:60],
    "sk" + "-svcacct-" + MIX[:60],
    "sk" + "-ant-api03-" + MIX[:93],
    "sk" + "-or-v1-" + HEX[:64],
    "eyJ" + MIX[:20] + ".eyJ" + MIX[:20] + "." + MIX[:43],
    "hvs" + "." + MIX[:24],
    "AGE-SECRET" + "-KEY-1" + CAPS * 3 + CAPS[:10],
]

NEGATIVE = [
    "sk-learn-pipeline-version-2-of-the-thing",
    "sk-YOUR-API-KEY-GOES-HERE-1234",
    "sk-your-key-1-here-please-now",
    "sk-proj-REPLACE-ME-0000000000000000",
    "sk-ssh-ed25519@openssh.com",
    "sk-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    "sk-ant-api03-...",
    "risk-assessment-for-a-very-long-name-2026",
    "task-0123456789-abcdefghijklmnop",
    "ghp_" + "x" * 36,
    "ghp_" + "0" * 36,
    "gho_" + "A" * 36,
    "ghp_short",
    "github_pat_" + "X" * 60,
    "glpat-" + "x" * 20,
    "glpat-your-gitlab-token-here",
    "glrt-replace-this-runner-token",
    "xoxb-your-bot-token-here",
    "xoxb-xxxxxxxxxxxx-xxxxxxxxxxxx",
    "https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX",
    "sk_test_xxxxxxxxxxxxxxxxxxxxxxxx",
    "sk_live_YOURSTRIPEKEY1234",
    "whsec_your_signing_secret_goes_here",
    "npm_" + "X" * 36,
    "hf_" + "x" * 34,
    "AKIAIOSFODNN7EXAMPLE",
    "ASIAIOSFODNN7EXAMPLE",
    "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "aws_secret_access_key: ${AWS_SECRET_ACCESS_KEY}",
    "AKIA is how AWS keys start",
    "AIza" + "x" * 35,
    "AC" + HEX[:32],
    "SK" + "0" * 32,
    "dapi" + "0" * 32,
    "Authorization: Bearer ${TOKEN}",
    "Authorization: Bearer {{token}}",
    "Authorization: Bearer <token>",
    "Authorization: Bearer ***",
    "Authorization: Bearer YOUR_ACCESS_TOKEN_1234",
    "Authorization: Bearer your-access-token-here",
    "authorization: Bearer vault:kv/orders#token",
    "postgres://user:YOUR_PASSWORD@h/d",
    "postgres://user:password@h/d",
    "postgres://user:${PASSWORD}@h/d",
    "postgres://user:{{password}}@h/d",
    "postgres://user:<password>@h/d",
    "postgres://user:****@h/d",
    "postgres://user:changeme@h/d",
    "postgres://user:xxx@h/d",
    "https://user.sample/path:80@x",
    "mailto:alice@sample.example",
    "commit 3f2a9c1e8b7d6f5a4c3b2d1e0f9a8b7c6d5e4f3a",
    hashlib.sha256(b"x").hexdigest(),
    "registry.internal/app@sha256:" + hashlib.sha256(b"y").hexdigest(),
    "123e4567-e89b-42d3-a456-426614174000",
    "aGVsbG8gd29ybGQ=",
    'secretRef: "vault:kv/support/crm#token"',
    "-----BEGIN PUBLIC KEY-----",
    "-----BEGIN PGP PUBLIC KEY BLOCK-----",
    '"type": "service_account", "private_key_id": "YOUR_KEY_ID"',
    "AccountKey=<key>;EndpointSuffix=core",
    "AccountKey=" + "x" * 86,
    "?sv=1&sig=<signature>",
    "eyJhbGciOiJIUzI1NiJ9 is the head of a token",
    "12:AA is no bot",
]


@pytest.mark.parametrize("text", POSITIVE, ids=range(len(POSITIVE)))
def test_a_secret_is_found_once_in_its_line(text: str) -> None:
    found = list(shapes(f"a: 1\nb: {text}\nc: 2\n".encode()))
    assert len(found) == 1
    assert 8 <= found[0][0] < 8 + len(text)


@pytest.mark.parametrize("text", NEGATIVE, ids=range(len(NEGATIVE)))
def test_what_stands_for_a_secret_or_only_looks_like_one_is_not_told(text: str) -> None:
    assert list(shapes(f"a: 1\nb: {text}\nc: 2\n".encode())) == []


def test_the_corpus_is_large() -> None:
    assert len(set(POSITIVE)) >= 50
    assert len(set(NEGATIVE)) >= 50


def test_a_token_in_a_header_is_told_where_the_token_stands() -> None:
    text = "é Authorization: " + "Bearer " + MIX[:32]
    assert [offset for offset, _ in shapes(text.encode())] == [len(b"xx Authorization: Bearer ")]


@pytest.mark.parametrize(
    "piece",
    [
        "sk-", "eyJ-", "eyJaaaaaaaaa.", "SG.a", "://", "://a:", ":AA", "1", "Authorization: Bearer ", "a", "-",
        "-----BEGIN ", "glpat-", "xoxb-", "pypi-AgE", "sig=", "AccountKey=", "ghp_", "service_account private_key_id",
        "secret_access_key = ", "hooks.slack.com/services/", "whsec_", "k_live_ ", "A", "_",
    ],
)  # fmt: skip
def test_hostile_texts_are_searched_in_linear_time(piece: str) -> None:
    heads = b" ".join(one.encode() for one in ("eyJ", "SG.", "://", ":AA", "service_account", "Authorization"))
    text = heads + (piece * (400_000 // len(piece))).encode()
    with ends():
        list(shapes(text))
