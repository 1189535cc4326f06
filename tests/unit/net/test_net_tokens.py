"""Where a token may come from, and that nothing but its own property tells it."""

import pickle
from pathlib import Path

import pytest

from agentgov.errors import ConfigurationError
from agentgov.net.tokens import TOKEN_FILE, Token, token_from


def private(path: Path, text: str, mode: int = 0o600) -> dict[str, str]:
    path.write_text(text)
    path.chmod(mode)
    return {TOKEN_FILE: str(path)}


def told(environ: dict[str, str], *others: str) -> str | None:
    found = token_from(environ, others)
    return found.value if found is not None else None


def test_a_file_comes_before_the_environment_and_our_name_before_the_forges(tmp_path: Path) -> None:
    environ = private(tmp_path / "token", "from-file\n") | {"AGENTGOV_FORGE_TOKEN": "ours", "GITHUB_TOKEN": "theirs"}
    assert told(environ, "GITHUB_TOKEN") == "from-file"
    del environ[TOKEN_FILE]
    assert told(environ, "GITHUB_TOKEN") == "ours"
    del environ["AGENTGOV_FORGE_TOKEN"]
    assert told(environ, "GITLAB_TOKEN") is None
    assert told(environ, "GITHUB_TOKEN", "GH_TOKEN") == "theirs"
    assert told({"GITHUB_TOKEN": " "}, "GITHUB_TOKEN") is None


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o777])
def test_a_file_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(ConfigurationError, match="others than you") as raised:
        token_from(private(tmp_path / "token", "secret-text", mode))
    assert "secret-text" not in raised.value.message
    assert raised.value.rule == "forge.token"


@pytest.mark.parametrize("text", ["", "\n", "two\nlines", "a b", "tab\there", "x" * 5000, "nul\0", "bücher"])
def test_what_is_no_token_is_refused_without_being_shown(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        token_from(private(tmp_path / "token", text))
    assert not text.strip() or text not in raised.value.message + raised.value.hint


def test_a_file_that_is_not_there_or_no_file_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "absent", tmp_path):
        with pytest.raises(ConfigurationError):
            token_from({TOKEN_FILE: str(path), "AGENTGOV_FORGE_TOKEN": "not-this-one-instead"})


def test_nothing_tells_it_by_accident() -> None:
    token = Token("open-sesame")
    assert f"{token} {token!r} {[token]}" == "*** *** [***]"
    assert "open-sesame" not in token.fingerprint
    assert token.hide("say open-sesame!") == "say ***!"
    with pytest.raises(TypeError):
        pickle.dumps(token)
