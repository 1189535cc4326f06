"""Which store a URL names."""

from pathlib import Path

import pytest

from agentgov.errors import ConfigurationError
from agentgov.store.open import open_store


@pytest.mark.parametrize("form", ["{}/a%20b.db", "sqlite:///{}/a%2520b.db", "sqlite:///a%2520b.db", "a%20b.db"])
def test_a_path_is_taken_as_it_is_and_a_url_is_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    monkeypatch.chdir(tmp_path)
    open_store(form.format(tmp_path)).close()
    assert (tmp_path / "a%20b.db").exists()


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("mysql://root:secret@host/db", "'mysql' is no kind of store"),
        ("sqlite://host/secret.db", "a store on another machine cannot be a file"),
        ("sqlite:///", "the store has no name"),
        ("sqlite:///secret/", "the store has no name"),
        ("sqlite:///a%00secret", "the store has no name"),
        ("sqlite:///a.db?mode=secret", "a store in a file has no options"),
        ("sqlite:///:memory:", "a store in memory would forget every pause"),
        (":memory:", "a store in memory would forget every pause"),
        ("", "the store has no name"),
    ],
)
def test_what_names_no_store_is_told_without_repeating_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigurationError) as caught:
        open_store(url)
    assert message in caught.value.message
    assert caught.value.hint
    assert "secret" not in caught.value.in_one_line
    assert list(tmp_path.iterdir()) == []
