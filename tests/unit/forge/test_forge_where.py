"""Which forge and repository is meant, and that nobody but the user or the CI can name the host that gets a token."""

import pytest

from agentgov.errors import ConfigurationError
from agentgov.forge.where import ForgeOptions, Where, is_project, locate

GITHUB, GITLAB = "https://api.github.com", "https://gitlab.com/api/v4"
ACTIONS = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_API_URL": "https://git.acme.example/api/v3",
    "GITHUB_REPOSITORY": "acme/fleet",
}
PIPELINE = {
    "GITLAB_CI": "true",
    "CI_API_V4_URL": "https://git.acme.example/lab/api/v4",
    "CI_PROJECT_PATH": "acme/bots/fleet",
}


def found(remote: str = "", environ: dict[str, str] | None = None, **options: str) -> tuple[str, str, str]:
    where = locate(ForgeOptions(**options), environ or {}, remote)
    assert where == Where(where.forge, where.api_url, where.project)
    return where.forge, where.api_url, where.project


@pytest.mark.parametrize(
    ("remote", "expected"),
    [
        ("https://github.com/acme/fleet.git", ("github", GITHUB, "acme/fleet")),
        ("https://github.com/acme/fleet/", ("github", GITHUB, "acme/fleet")),
        ("git@github.com:acme/fleet.git", ("github", GITHUB, "acme/fleet")),
        ("ssh://git@GitHub.com:22/acme/fleet", ("github", GITHUB, "acme/fleet")),
        ("https://gitlab.com/acme/bots/fleet.git", ("gitlab", GITLAB, "acme/bots/fleet")),
        ("git@gitlab.com:acme/bots/fleet.git", ("gitlab", GITLAB, "acme/bots/fleet")),
    ],
)
def test_the_remote_says_it_on_the_two_hosts_that_everybody_knows(remote: str, expected: tuple[str, str, str]) -> None:
    assert found(remote) == expected


@pytest.mark.attack("N4")
@pytest.mark.parametrize(
    "remote",
    [
        "",
        "https://git.acme.example/acme/fleet.git",
        "https://github.com.evil.example/acme/fleet",
        "https://github.com@evil.example/acme/fleet",
        "git@evil.example:github.com/acme/fleet",
        "http://github.com/acme/fleet",
        "/srv/github.com:acme/fleet.git",
        "file:///github.com/acme/fleet",
        "ext::github.com:acme/fleet",
        "https://github.com/acme",
        "https://github.com/acme/fleet/more",
        "https://github.com/acme/..",
        "https://github.com/acme/fl%65et",
        "https://[github.com/acme/fleet",
    ],
)
def test_any_other_remote_says_nothing(remote: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        found(remote)
    assert raised.value.rule == "forge.unknown-project"
    assert "--project" in raised.value.hint


def test_ci_says_it_and_our_own_variables_come_first() -> None:
    remote = "https://github.com/other/place"
    assert found(remote, ACTIONS) == ("github", "https://git.acme.example/api/v3", "acme/fleet")
    assert found(remote, PIPELINE) == ("gitlab", "https://git.acme.example/lab/api/v4", "acme/bots/fleet")
    ours = {"AGENTGOV_FORGE": "gitlab", "AGENTGOV_FORGE_URL": "https://lab.example/api/v4"}
    assert found("git@lab.example:a/b.git", ACTIONS | ours) == ("gitlab", "https://lab.example/api/v4", "a/b")
    assert found("git@x.example:a/b.git", {"AGENTGOV_FORGE": "github"}) == ("github", GITHUB, "a/b")
    with pytest.raises(ConfigurationError, match="neither github nor gitlab"):
        found(remote, {"AGENTGOV_FORGE": "gitea"})


def test_what_only_looks_like_ci_says_nothing() -> None:
    with pytest.raises(ConfigurationError):
        found("", {"GITHUB_API_URL": "https://evil.example", "GITHUB_REPOSITORY": "acme/fleet"})


def test_flags_say_more_than_the_surroundings() -> None:
    remote = "https://github.com/acme/fleet"
    assert found(remote, project="acme/other") == ("github", GITHUB, "acme/other")
    assert found(remote, forge="gitlab", project="a/b/c") == ("gitlab", GITLAB, "a/b/c")
    assert found(remote, api_url="http://127.0.0.1:9/") == ("github", "http://127.0.0.1:9", "acme/fleet")
    with pytest.raises(ConfigurationError):
        found(remote, forge="gitlab")
    with pytest.raises(ConfigurationError) as raised:
        found(remote, api_url="http://git.acme.example/api/v3")
    assert raised.value.rule == "forge.url"


def test_names_of_repositories() -> None:
    assert is_project("acme/fleet")
    assert is_project("a/b.c/d_e/f-g")
    for name in (
        "",
        "fleet",
        "/fleet",
        "a//b",
        "a/..",
        "../b",
        "a/b/",
        "a/b c",
        "a/b?x",
        "a/b#x",
        "a/é",
        "a/" + "b" * 500,
    ):
        assert not is_project(name), name
