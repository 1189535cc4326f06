"""How a command comes to its forge: the remote names one of two hosts, and each gets its own token."""

from pathlib import Path

import gitworld
import pytest

from agentgov.cli.change.forge_access import connect, where_is
from agentgov.errors import ConfigurationError
from agentgov.forge.where import ForgeOptions
from agentgov.repo.repository import Repository

VARIABLES = ("AGENTGOV_FORGE_TOKEN", "AGENTGOV_FORGE_TOKEN_FILE", "GITHUB_TOKEN", "GH_TOKEN", "GITLAB_TOKEN")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    for name in (*VARIABLES, "GITHUB_ACTIONS", "GITLAB_CI", "AGENTGOV_FORGE", "AGENTGOV_FORGE_URL"):
        monkeypatch.delenv(name, raising=False)
    return Repository.open(str(gitworld.make_repository(tmp_path / "clone")))


def remote(here: Repository, url: str) -> None:
    gitworld.git(here.location.git_dir, "config", "remote.origin.url", url)


def token(here: Repository) -> str | None:
    found = where_is(here, ForgeOptions()).token
    return found.value if found is not None else None


def test_the_token_of_one_forge_is_never_sent_to_the_other(
    here: Repository, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("GITLAB_TOKEN", "glpat-1")
    monkeypatch.setenv("GH_TOKEN", "ghp-1")
    remote(here, "git@github.com:acme/fleet.git")
    assert token(here) == "ghp-1"
    monkeypatch.delenv("GH_TOKEN")
    assert token(here) is None
    (tmp_path / "token").write_text("ours\n")
    (tmp_path / "token").chmod(0o600)
    monkeypatch.setenv("AGENTGOV_FORGE_TOKEN_FILE", str(tmp_path / "token"))
    assert token(here) == "ours"


def test_credentials_in_the_remotes_address_are_not_taken_for_a_token(here: Repository) -> None:
    remote(here, "https://somebody:ghp-secret@github.com/acme/fleet.git")
    where = where_is(here, ForgeOptions())
    assert (where.project, where.token) == ("acme/fleet", None)
    assert "ghp-secret" not in repr(where)


def test_a_remote_elsewhere_gets_no_token(here: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "ghp-1")
    remote(here, "https://github.evil.example/acme/fleet.git")
    with pytest.raises(ConfigurationError, match="not known on which forge"):
        connect(here, ForgeOptions())
