"""Literal secrets: known shapes and suspicious values are found, ordinary text is not, and no secret is repeated."""

import base64
import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.validate.fleet_sample import AGENT, FILES, PROMPT, findings

from agentgov.validate.literals import any_of, looks_random, shapes, suspicious
from agentgov.validate.token_shapes import SHAPES

LETTERS = "Ab3dEf6hIj9kLm2nOp5qRs8tUv1wXy4zAb3dEf6hIj9kLm2nOp5qRs8tUv1wXy4z"

# Put together here, so that no scanner takes this file for a leak.
TOKENS = {
    "AWS": "AKIA" + "IOSFODNN7QXBMZLE",
    "GitHub": "ghp" + "_" + LETTERS[:36],
    "GitHub fine-grained": "github" + "_pat_" + LETTERS[:60],
    "GitLab": "glpat" + "-" + LETTERS[:20],
    "Slack": "xoxb" + "-123456789012-" + LETTERS[:12],
    "Stripe": "sk" + "_live_" + LETTERS[:24],
    "OpenAI": "sk-" + "proj-" + LETTERS[:40],
    "Anthropic": "sk-" + "ant-api03-" + LETTERS[:40],
    "Google": "AIza" + LETTERS[:35],
    "npm": "npm" + "_" + LETTERS[:36],
    "Hugging Face": "hf" + "_" + LETTERS[:34],
    "Vault": "hvs" + "." + LETTERS[:24],
    "JWT": "eyJ" + LETTERS[:20] + ".eyJ" + LETTERS[:20] + "." + LETTERS[:20],
    "PEM": "-----BEGIN OPENSSH " + "PRIVATE KEY-----",
    "URL": "postgres://app:" + "hunter22@db.internal/x",
}


@pytest.mark.parametrize("name", TOKENS)
def test_a_known_shape_is_found_wherever_it_stands(name: str) -> None:
    token = TOKENS[name]
    assert len(list(shapes(f"x: 1\n# note {token}\n".encode()))) == 1
    found = findings({PROMPT: f"You help {{{{customer}}}}.\nUse {token} for it.\n"})
    assert (found[0].code, found[0].where.line, found[0].where.column) == (
        "secret.literal",
        2,
        (f"Use {token}".index(token) + 1) if name != "URL" else 13,
    )
    assert all(token not in one.message + one.fix for one in found)


@pytest.mark.parametrize(
    "text",
    [
        "risk-assessment-for-a-very-long-name-2026",
        "task-0123456789-abcdefghijklmnop",
        "ghp_short",
        "https://user.example/path:80@x",
        "https://example.com/a:b@c is odd but no password".replace("a:b@c", "a/b@c"),
        "AKIA is how AWS keys start",
        "-----BEGIN PUBLIC KEY-----",
        "vault:kv/support/crm#token",
        "mailto:alice@sample.example",
    ],
)
def test_ordinary_text_is_no_secret(text: str) -> None:
    assert list(shapes(text.encode())) == []


def test_a_literal_under_a_telling_name_is_suspicious() -> None:
    value = {
        "crm": {"password": "hunter22!", "apiKey": "abcdefgh1", "client_secret": "s3cretvalue", "note": "hello"},
        "list": [{"token": "abc12345"}],
        "ok": {
            "password": "vault:kv/x",
            "token": "${TOKEN}",
            "secret": "MY_SECRET",
            "api_key": "short",
            "pwd": "{{x}}",
        },
        "max_tokens": 5,
        "tokens": "a lot of words",
    }
    assert [pointer for pointer, _ in suspicious(value)] == [
        "/crm/password",
        "/crm/apiKey",
        "/crm/client_secret",
        "/list/0/token",
    ]


def test_generated_values_look_random_and_names_do_not() -> None:
    for seed in range(50):
        assert looks_random(base64.b64encode(hashlib.sha256(bytes([seed])).digest()).decode())
    assert not looks_random("internationalization-of-customer-support-2026")
    assert not looks_random(hashlib.sha256(b"x").hexdigest())
    assert not looks_random("CamelCaseIdentifiersAreLongSometimes")
    assert not looks_random("/agents/support/refund-assistant/agent.yaml")


def test_free_parts_of_an_agent_are_looked_through() -> None:
    text = FILES[AGENT] + "  runtime: {crm: {password: hunter22!}}\n  x-token: abcdefgh12\n"
    assert [(one.code, one.where.pointer, one.where.line) for one in findings({AGENT: text})] == [
        ("secret.suspicious", "/spec/runtime/crm/password", 24),
        ("secret.suspicious", "/spec/x-token", 25),
    ]


def test_our_own_examples_hold_no_secret() -> None:
    root = Path(__file__).parents[3] / "examples"
    for file in sorted(path for name in ("acme", "minimal") for path in (root / name).rglob("*") if path.is_file()):
        assert list(shapes(file.read_bytes())) == [], file


@given(words=st.lists(st.binary(min_size=1, max_size=6), min_size=1, max_size=8), text=st.binary(max_size=60))
def test_any_of_finds_what_one_search_for_each_literal_finds(words: list[bytes], text: bytes) -> None:
    assert (any_of(words).search(text) is not None) == any(word in text for word in words)
    assert all(any_of(words).search(text + word + text) for word in words)


def test_every_literal_of_a_shape_is_found_by_itself() -> None:
    literals = [literal for shape in SHAPES for literal in shape.literals]
    assert all(literals)
    assert all(any_of(literals).search(literal) for literal in literals)
