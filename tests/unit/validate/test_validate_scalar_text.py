"""Characters inside of texts: whatever quotes, escapes, folding and indentation do, each is found in the file."""

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from agentgov.validate.positions import positions
from agentgov.validate.yaml_reader import read

CASES = {
    "plain": "a: some text @ here\n",
    "plain, several lines": "a: some\n  text\n\n  and @ here\n",
    "single quotes": "a: 'it''s @ here'\n",
    "single quotes, several lines": "a: 'it''s\n\n\n    there  \n  or @ here'\n",
    "double quotes": 'a: "\\ttab \\x41\\u00e9\\U0001F600 \\"@\\" here"\n',
    "double quotes, continued": 'a: "one \\\n   two\\\n\n   \\ three\n   @ four"\n',
    "literal": "a: |\n  one\n    two\n\n  @ three\n",
    "literal, stripped": "a: |-\n  one\n  @ three\n",
    "literal, kept": "a: |+\n  one @\n\n\n",
    "literal, comment in the head": "a: |  # what\n  one\n  @ two\n",
    "literal, indentation given": "a:\n  b:\n    - |2\n       one\n      @ two\n",
    "literal, leading empty lines": "a: |\n\n\n  one\n  @ two\n",
    "folded": "a: >\n  one\n  two\n\n  three\n    four\n  five @\n",
    "folded, blank lines around more indented": "a: >-\n  one\n\n    two\n\n  three @\n",
    "folded, indentation given": "a: >1\n  one\n two\n @ three\n",
    "carriage returns": "a: |\r\n  one\r\n  @ two\r\nb: 'x\r\n\r\n  y'\r\n",
    "anchored": "a: &name\n  # about it\n  'one\n  @ two'\n",
    "beyond the basic plane": "a: '\U0001f600 é and @'\n",
}


def text_at(data: str, place: tuple[int, int]) -> str:
    """What stands in a file from a place on."""
    lines = data.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join([lines[place[0] - 1][place[1] - 1 :], *lines[place[0] :]])


def strings(value: Any, pointer: str = "") -> list[tuple[str, str]]:
    if isinstance(value, str):
        return [(pointer, value)]
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for key, item in items for found in strings(item, f"{pointer}/{key}")]


def assert_every_character_is_found(data: str) -> int:
    """Every character of every text is at its place; returns how many there are."""
    found = positions(data.encode())
    count = 0
    for pointer, value in strings(read(data.encode(), "f").value):
        places = [found.inside("f", pointer, index) for index in range(len(value) + 1)]
        spots = [(place.line, place.column) for place in places]
        assert spots == sorted(spots)
        for char, spot in zip(value, spots, strict=False):
            count += 1
            rest = text_at(data, spot)
            assert rest[:1] == char or rest[:1] == "\\" or (char in " \n" and not rest.lstrip(" ")[:1].strip("\n")), (
                data,
                pointer,
                char,
                spot,
            )
    return count


@pytest.mark.parametrize("name", CASES)
def test_every_character_of_a_text_is_found_where_it_is_written(name: str) -> None:
    data = CASES[name]
    assert read(data.encode(), "f").findings == ()
    assert assert_every_character_is_found(data) > 5
    found = positions(data.encode())
    pointer, value = next(
        (pointer, value) for pointer, value in strings(read(data.encode(), "f").value) if "@" in value
    )
    where = found.inside("f", pointer, value.index("@"))
    assert text_at(data, (where.line, where.column)).startswith("@")


def test_escapes_are_told_by_their_first_character() -> None:
    found = positions(b'a: "x\\u00e9\\ny"\n')
    assert [found.inside("f", "/a", index).column for index in range(5)] == [5, 6, 12, 14, 15]


def test_where_a_character_cannot_be_told_it_is_where_the_value_stands() -> None:
    found = positions(b"a: &x text\nb: *x\nc: 1\n")
    for pointer, offset, place in (("/b", 2, (2, 4)), ("/a", 99, (1, 4)), ("/a", -1, (1, 4)), ("/d", 0, (1, 1))):
        where = found.inside("f", pointer, offset)
        assert (where.line, where.column) == place


TEXTS = st.text(st.sampled_from("ab'\"\\ \t\n:#-é\u00a0\U0001f600"), min_size=1, max_size=25)


@settings(max_examples=250)
@given(TEXTS, st.sampled_from(["'", '"', "|", ">", None]), st.integers(10, 60), st.sampled_from([2, 4, 7]))
def test_what_a_writer_of_yaml_makes_of_any_text_is_found_again(text: str, style: Any, width: int, indent: int) -> None:
    data = yaml.dump(
        {"k": [{"v": text}]}, default_style=style, width=width, indent=indent, allow_unicode=True, line_break="\n"
    ).replace("!!int ", "")
    if not read(data.encode(), "f").findings:
        assert assert_every_character_is_found(data) == len(text)


LINES = st.lists(st.sampled_from(["", " ", "   ", "a", "b c", " d", "  e ", "\tf", "#g", "'h'"]), max_size=7)


@settings(max_examples=250)
@given(LINES, st.sampled_from("|>"), st.sampled_from(["", "-", "+", "2", "2-", "+2"]), st.integers(0, 2))
def test_every_character_of_any_block_is_found(lines: list[str], style: str, how: str, more: int) -> None:
    data = "".join(
        ["k:\n", f"  - {style}{how}\n", *(f"{' ' * (4 + more if line.strip() else 0)}{line}\n" for line in lines)]
    )
    if not read(data.encode(), "f").findings:
        value: Any = read(data.encode(), "f").value
        count = assert_every_character_is_found(data)
        assert count == len(value["k"][0]) if isinstance(value["k"][0], str) else True
