"""A token goes to https addresses, or to this very machine, and links stay where they began."""

import pytest

from agentgov.errors import ConfigurationError
from agentgov.net.address import parse_base


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("https://api.github.com", "https://api.github.com"),
        ("https://API.GitHub.com:443/", "https://api.github.com"),
        ("https://git.acme.example/api/v3/", "https://git.acme.example/api/v3"),
        ("https://git.acme.example:8443/gitlab/api/v4", "https://git.acme.example:8443/gitlab/api/v4"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://[::1]:8080/x", "http://[::1]:8080/x"),
        ("http://localhost", "http://localhost"),
    ],
)
def test_addresses_that_may_have_a_token(given: str, url: str) -> None:
    assert parse_base(given).url == url


@pytest.mark.attack("N4")
@pytest.mark.parametrize(
    "given",
    [
        "http://api.github.com",
        "http://127.0.0.1.evil.example",
        "http://localhost.evil.example",
        "http://10.0.0.1",
        "ftp://127.0.0.1",
        "https://user:secret@api.github.com",
        "https://api.github.com?x=1",
        "https://api.github.com#x",
        "https://api.github.com/a/../b",
        "https://api.github.com//b",
        "https://",
        "api.github.com",
        "https://api.github.com:99999",
        "https://api.github.com\\@evil.example",
        "https://api.github.com\nevil",
        "https://bücher.example",
        "",
    ],
)
def test_addresses_that_never_get_one(given: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        parse_base(given)
    assert raised.value.rule == "forge.url"
    assert "secret" not in raised.value.message


def test_links_stay_on_the_origin_and_below_the_path() -> None:
    base = parse_base("https://git.example/api/v3")
    assert base.holds("https://git.example/api/v3/repos?page=2")
    assert base.holds("https://GIT.example:443/api/v3/repos")
    for elsewhere in (
        "https://git.example/api/v33/repos",
        "https://git.example/api/v4/repos",
        "https://git.example:444/api/v3/repos",
        "http://git.example/api/v3/repos",
        "https://git.example.evil/api/v3/repos",
        "https://git.example@evil/api/v3/repos",
        "https://git.example/api/v3/../v4",
        "/api/v3/repos",
    ):
        assert not base.holds(elsewhere), elsewhere
