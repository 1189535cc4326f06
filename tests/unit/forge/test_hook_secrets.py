"""Secrets of webhooks come from private files, and nothing that is none is taken for one."""

from pathlib import Path

import pytest

from agentgov.errors import ConfigurationError
from agentgov.forge.hook_secrets import VARIABLES, secrets_from

TOKEN = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def named(folder: Path, **files: str) -> dict[str, str]:
    """An environment that names private files of this content."""
    found = {}
    for forge, text in files.items():
        path = folder / forge
        path.write_text(text)
        path.chmod(0o600)
        found[next(name for sender, name in VARIABLES.items() if sender == forge)] = str(path)
    return found


def test_a_file_holds_one_secret_or_two_while_one_is_exchanged(tmp_path: Path) -> None:
    found = secrets_from(named(tmp_path, github="the first secret\nthe second secret\n", gitlab=f"{TOKEN}\n"))
    assert found.github == (b"the first secret", b"the second secret")
    assert (found.gitlab, [len(key) for key in found.signing]) == ((), [24])
    both = secrets_from(named(tmp_path, gitlab=f"  a plain secret of a hook \n\n{TOKEN}\n"))
    assert (both.gitlab, len(both.signing)) == ((b"a plain secret of a hook",), 1)


def test_where_no_file_is_named_there_is_no_secret() -> None:
    assert secrets_from({}) == secrets_from({VARIABLES["github"]: ""})
    assert secrets_from({}).github == ()


@pytest.mark.parametrize(
    "text", ["", "\n \n", "fifteen letters", "a long enough one\nb long enough two\nc long enough\n"]
)
def test_a_secret_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    for forge in ("github", "gitlab"):
        with pytest.raises(ConfigurationError) as caught:
            secrets_from(named(tmp_path, **{forge: text}))
        assert caught.value.rule == "hook.unconfigured"
        assert "letters" not in caught.value.message  # of the secret


def test_a_broken_signing_token_is_no_plain_secret(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError):
        secrets_from(named(tmp_path, gitlab="whsec_!!!!!!!!!!!!!!!!!!!!!!!!"))


def test_who_calls_to_wake_signs_and_sends_no_plain_secret(tmp_path: Path) -> None:
    found = secrets_from(named(tmp_path, wake=f"{TOKEN}\n{TOKEN}\n"))
    assert [len(key) for key in found.wake] == [24, 24]
    for text in ("", "a plain secret of a hook", f"{TOKEN}\na plain secret of a hook", "whsec_short"):
        with pytest.raises(ConfigurationError) as caught:
            secrets_from(named(tmp_path, wake=text))
        assert (caught.value.rule, "plain" in caught.value.message) == ("hook.unconfigured", False)


def test_a_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    environ = named(tmp_path, github="a secret of the tests")
    (tmp_path / "github").chmod(0o640)
    with pytest.raises(ConfigurationError, match="can be read by others"):
        secrets_from(environ)
    (tmp_path / "github").unlink()
    with pytest.raises(ConfigurationError, match="cannot be read"):
        secrets_from(environ)
