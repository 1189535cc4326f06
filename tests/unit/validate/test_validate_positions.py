"""Where things stand: every value and key of a document is found at its place in the text."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from agentgov.model.verdict import Location
from agentgov.validate.pointers import child
from agentgov.validate.positions import Place, positions

LEAVES = st.integers(0, 99) | st.sampled_from(["x", "yes", "a b", "é"]) | st.booleans()
TREES: Any = st.dictionaries(
    st.sampled_from(["a", "b/c", "~", "d e", "é"]),
    st.recursive(
        LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("xyz"), inner), max_leaves=9
    ),
    max_size=4,
)


@settings(max_examples=100)
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


def test_a_place_tells_what_stands_there() -> None:
    found = positions(b"a: one\nb:\n  c: [x, yy]\n")
    told = [found.pointer(*place) for place in ((1, 1), (1, 5), (2, 1), (3, 3), (3, 7), (3, 10), (9, 9))]
    assert told == ["/a", "/a", "/b", "/b/c", "/b/c/0", "/b/c/1", "/b/c/1"]
    assert positions(b"").pointer(1, 1) == ""


def ruamel_places(node: Any, seen: set[int], pointer: str = "") -> Iterator[tuple[str, Place, Place]]:
    """(pointer, place of the key, place of the value) of every member, as ruamel's round-trip loader has them; what an
    alias brings in is there once."""
    if id(node) in seen:
        return
    if isinstance(node, dict | list):
        seen.add(id(node))
    keyed = isinstance(node, dict)
    where = getattr(node, "lc", None)
    items: Any = node.items() if keyed else enumerate(node) if isinstance(node, list) else ()
    for key, value in items:
        here = child(pointer, key)
        assert where is not None
        yield here, (where.key if keyed else where.item)(key), (where.value if keyed else where.item)(key)
        yield from ruamel_places(value, seen, here)


def assert_as_ruamel(data: bytes) -> int:
    """Every place of ours is the place that ruamel tells; how many there are."""
    found, count = positions(data), 0
    for pointer, key, value in ruamel_places(YAML(typ="rt").load(data), set()):
        written = found.keys.get(pointer, found.values[pointer])
        assert (written[0] - 1, written[1] - 1) == key, pointer
        start = found.text.split("\n")[found.values[pointer][0] - 1][found.values[pointer][1] - 1 :]
        if not start.startswith(("&", "*")):  # ruamel leaves anchors out of the place
            assert (found.values[pointer][0] - 1, found.values[pointer][1] - 1) == value, pointer
        count += 1
    return count


@settings(max_examples=60)
@given(TREES, st.sampled_from([True, False, None]), st.sampled_from([20, 80]))
def test_places_are_those_that_another_reader_tells(tree: dict[str, Any], flow: bool | None, width: int) -> None:
    shared = {"n": [1, "two"]}
    whole = {**tree, "shared": shared, "again": shared}
    text = yaml.safe_dump(whole, default_flow_style=flow, width=width, allow_unicode=True)
    assert assert_as_ruamel(text.encode()) >= len(whole)


def test_places_in_the_agents_of_the_example_fleet_too() -> None:
    files = sorted((Path(__file__).parents[3] / "examples/acme").rglob("*.yaml"))
    assert sum(assert_as_ruamel(file.read_bytes()) for file in files) > 500
