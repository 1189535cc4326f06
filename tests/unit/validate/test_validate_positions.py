"""Where things stand: every value and key of a document is found at its place in the text."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentgov.model.verdict import Location
from agentgov.validate.pointers import child
from agentgov.validate.positions import positions

LEAVES = st.integers(0, 99) | st.sampled_from(["x", "yes", "a b", "é"]) | st.booleans()
TREES: Any = st.dictionaries(
    st.sampled_from(["a", "b/c", "~", "d e", "é"]),
    st.recursive(
        LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("xyz"), inner), max_leaves=9
    ),
    max_size=4,
)


@settings(max_examples=100, deadline=None)
@given(TREES, st.sampled_from([None, 1, 3]))
def test_every_value_and_key_is_found_where_it_is_written(tree: dict[str, Any], indent: int | None) -> None:
    text = json.dumps(tree, indent=indent, ensure_ascii=False)
    found, lines = positions(text.encode()), text.split("\n")

    def rest(place: tuple[int, int]) -> str:
        return "\n".join([lines[place[0] - 1][place[1] - 1 :], *lines[place[0] :]])

    def look(value: Any, pointer: str) -> None:
        assert rest(found.values[pointer]).startswith(json.dumps(value, ensure_ascii=False)[0])
        if isinstance(value, dict):
            for key, item in value.items():
                assert rest(found.keys[child(pointer, key)]).startswith(json.dumps(key, ensure_ascii=False))
                look(item, child(pointer, key))
        elif isinstance(value, list):
            for index, item in enumerate(value):
                look(item, child(pointer, index))
        else:
            assert rest(found.values[pointer]).startswith(json.dumps(value, ensure_ascii=False))

    look(tree, "")


def test_what_is_not_in_the_file_is_at_the_nearest_thing_around_it() -> None:
    found = positions(b"a: &x {n: 1}\nb: *x\n")
    assert found.value("f", "/b/n") == Location("f", 2, 4, "/b/n")
    assert found.value("f", "/a/missing/deep") == Location("f", 1, 4, "/a/missing/deep")
    assert found.key("f", "/c") == Location("f", 1, 1, "/c")


def test_a_value_that_an_alias_brings_in_is_at_the_alias_and_the_anchor_is_named() -> None:
    found = positions(b"x-a: &x {n: 1}\nb:\n  c: *x\n")
    assert found.value("f", "/b/c/n") == Location("f", 3, 6, "/b/c/n")
    assert found.alias("/b/c/n") == " (by the alias *x; its anchor is in line 1)"
    assert found.alias("/x-a/n") == found.alias("/b") == ""


MERGED = b"""\
x-a: &a
  n: 1
  m: 2
x-b: &b
  <<: *a
  m: 3
  t: |
    one
    two
c:
  <<: [*b, {k: 4}]
  own: 5
"""


@pytest.mark.parametrize(
    ("pointer", "line", "column"),
    [("/c/own", 12, 8), ("/c/k", 11, 16), ("/c/m", 6, 6), ("/c/n", 2, 6), ("/x-b/n", 2, 6), ("/c/none", 11, 3)],
)
def test_a_field_that_a_merge_key_brings_in_is_where_it_is_written(pointer: str, line: int, column: int) -> None:
    found = positions(MERGED)
    assert found.value("f", pointer) == Location("f", line, column, pointer)
    where = found.inside("f", "/c/t", 4)
    assert (where.line, where.column) == (9, 5)


def test_merge_keys_that_name_each_other_have_an_end() -> None:
    text = "x0: &x0 {a: 1}\n" + "".join(f"x{n}: &x{n} {{<<: [*x{n - 1}, *x{n - 1}]}}\n" for n in range(1, 40))
    assert positions(text.encode()).value("f", "/x39/b").line == 40


def test_of_two_equal_keys_the_first_has_the_position_as_it_has_the_value() -> None:
    assert positions(b"a: 1\na: {b: 2}\n").values["/a"] == (1, 4)


def test_positions_end_where_the_text_is_no_yaml() -> None:
    assert positions(b"a: 1\nb: [\n").values == {"": (1, 1), "/a": (1, 4), "/b": (2, 4)}
    assert positions(b"\xff").values == {}
    assert positions(b"a: " + b"[" * 1000).values[""] == (1, 1)
