"""Names of imported agents: DNS labels, the same everywhere, never two of one name, never a path."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentgov.importers.naming import choose, label, refusal
from agentgov.model.names import is_label


@pytest.mark.parametrize(
    ("stem", "name", "expected"),
    [
        ("diag", "root", "diag"),
        ("blog", "web_search_agent", "blog-web-search-agent"),
        ("go_packages", "root", "go-packages"),
        ("Crème brûlée", "root", "creme-brulee"),
        ("pirate", "pirate", "pirate"),
        ("shared", "root", "shared-root"),
    ],
)
def test_the_root_is_called_like_the_file_and_others_after_both(stem: str, name: str, expected: str) -> None:
    assert choose(stem, name, set())[0] == expected


def test_a_clash_is_settled_by_a_number_and_said() -> None:
    assert choose("writer", "writer", {"writer"}) == ("writer-writer", False)
    assert choose("bm25", "root", {"bm25"}) == ("bm25-root", True)
    assert choose("bm25", "root", {"bm25", "bm25-root"}) == ("bm25-root-2", True)
    assert choose("a", "b_c", {"a-b-c"}) == ("a-b-c-2", True)


@pytest.mark.parametrize(
    "name", ["", " ", "../../etc/passwd", "a/b", "a\\b", "..", ".hidden", "~root", "a\nb", "a\u202eb", "x" * 201]
)
def test_names_that_look_like_an_attack_are_refused(name: str) -> None:
    assert refusal(name)


@pytest.mark.parametrize("name", ["root", "web_search_agent", "Player Blue", "日本語", "gpt-4.1"])
def test_ordinary_names_are_not_refused(name: str) -> None:
    assert not refusal(name)


@settings(max_examples=300)
@given(st.text(max_size=120))
def test_every_text_has_a_label_and_always_the_same(text: str) -> None:
    assert is_label(label(text))
    assert label(text) == label(text)


def test_names_that_are_too_long_or_not_ascii_stay_different() -> None:
    assert label("x" * 80) != label("x" * 81)
    assert label("日本") != label("日光")


@settings(max_examples=200)
@given(st.lists(st.tuples(st.text(min_size=1, max_size=70), st.text(min_size=1, max_size=70)), max_size=12))
def test_no_two_agents_get_one_name(pairs: list[tuple[str, str]]) -> None:
    taken: set[str] = set()
    for stem, name in pairs:
        chosen, _ = choose(stem, name, taken)
        assert chosen not in taken
        assert is_label(chosen)
        assert chosen != "shared"
        taken.add(chosen)
