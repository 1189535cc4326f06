"""Literal secrets stay behind, wherever they stand; references are kept."""

from typing import Any

import pytest

from agentgov.importers.secrets import REMOVED, Cleaner
from agentgov.validate.literals import shapes, suspicious

TOKEN = "ghp_" + "0123456789abcdefABCD0123456789abcdefABCD"


@pytest.mark.parametrize(
    "value",
    [
        {"env": {"API_KEY": "abc123"}},
        {"env": {"GITHUBTOKEN": "abcdefgh1"}},
        {"headers": {"Authorization": "Bearer abc123"}},
        {"headers": {"X-Api-Key": "abc123"}},
        {"config": {"clientSecret": "abc123"}},
        {"args": ["--token", "abc123"]},
        {"args": ["--github-token=abc123"]},
        {"args": ["-e", "GITHUB_TOKEN=abc123"]},
        {"cmd": "curl --api-key abc123 https://x.example"},
        {"url": "https://me:abc123@x.example/"},
        {"url": "https://x.example/?api_key=abc123&page=1"},
        {"instruction": f"Use abc123 no, {TOKEN} yes"},
        {"token_key": TOKEN},
        {"anything": [{"deep": "x abc123".replace("abc123", TOKEN)}]},
        {"anything": "-----BEGIN OPENSSH PRIVATE KEY-----\nabc123\nabc123\n-----END OPENSSH PRIVATE KEY-----"},
        {"anything": "aB3dE5fG7hI9jK1lM3nO5pQ7rS9tU1vW3xY5z"},
    ],
)
def test_a_secret_does_not_come_along(value: dict[str, Any]) -> None:
    cleaner = Cleaner()
    text = repr(cleaner.clean(value))
    assert TOKEN not in text
    assert "aB3dE5fG7hI9" not in text
    assert "abc123" not in text.replace("Use abc123 no", "")
    assert "abcdefgh1" not in text
    assert len(cleaner.removed) == 1


def test_what_is_around_a_secret_stays() -> None:
    clean = Cleaner().clean(
        {"instruction": f"Say hello.\nNever say {TOKEN}, please.\n", "url": "https://u:p@x.example/a"}
    )
    assert clean["instruction"] == f"Say hello.\nNever say {REMOVED}, please.\n"
    assert clean["url"] == "https://u@x.example/a"


@pytest.mark.parametrize(
    "value",
    [
        {"headers": {"Authorization": "Bearer ${env.API_TOKEN}"}},
        {"env": {"TOKEN": "$TOKEN", "GH_TOKEN": "${GH_TOKEN}", "PATH": "${PATH}:/opt/bin", "MODE": "production"}},
        {"token_key": "OPENAI_API_KEY"},
        {"max_tokens": 64000, "thinking_budget": "high"},
        {"args": ["mcp", "gateway", "run", "--servers=duckduckgo"]},
        {"cmd": 'curl -s -G --data-urlencode "q=$keyword" "https://pkg.go.dev/search"'},
        {"instruction": "Ask for the token: it is a number. Never use --token in examples."},
        {"url": "https://x.example:8080/path?page=2"},
        {"model": "openai/gpt-4o", "path": "./k8s_debugger_memory.db"},
    ],
)
def test_what_is_no_secret_is_kept_as_it_is(value: dict[str, Any]) -> None:
    cleaner = Cleaner()
    assert cleaner.clean(value) == value
    assert cleaner.removed == []


def test_names_of_secrets_in_manifests_of_kubernetes_are_kept_and_tokens_in_their_place_are_not() -> None:
    names = {"apiKeySecret": "kagent-openai", "caCertSecretKey": "ca.crt", "apiKeySecretRef": "team/openai"}
    assert Cleaner(resources=True).clean(names) == names
    assert set(Cleaner().clean(names).values()) == {REMOVED}
    tokens = {"apiKeySecret": TOKEN, "clientSecret": "has space", "xSecretKey": "aB3dE5fG7hI9jK1lM3nO5pQ7rS9tU1vW3xY5z"}
    assert set(Cleaner(resources=True).clean(tokens).values()) == {REMOVED}


def test_pointers_name_the_place_in_the_source() -> None:
    cleaner = Cleaner()
    cleaner.clean({"agents": {"a/b": {"toolsets": [{"env": {"API_KEY": "x1"}}]}}})
    assert cleaner.removed == ["/agents/a~1b/toolsets/0/env/API_KEY"]


def test_what_is_left_passes_the_check_for_secrets() -> None:
    dirty = {"env": {"API_KEY": "abcdefgh12345"}, "url": "https://user:abcdefgh@x.example", "t": TOKEN}
    clean = Cleaner().clean(dirty)
    assert list(suspicious(clean)) == []
    assert list(shapes(repr(clean).encode())) == []
