"""Strict YAML 1.2: what values mean, what is refused and where, and that no bytes break the reader."""

import json
import math
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from patience import ends

from agentgov.validate import yaml_reader, yaml_text
from agentgov.validate.yaml_reader import MAX_DEPTH, MAX_NODES, read


def codes(data: bytes) -> list[str]:
    return [found.code for found in read(data, "f").findings]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", "yes"),
        ("no", "no"),
        ("on", "on"),
        ("off", "off"),
        ("y", "y"),
        ("true", True),
        ("TRUE", True),
        ("tRue", "tRue"),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("Null", None),
        ("0", 0),
        ("-17", -17),
        ("+5", 5),
        ("010", 10),
        ("0o17", 15),
        ("0x1F", 31),
        ("-0x1F", "-0x1F"),
        ("0b11", "0b11"),
        ("1_000", "1_000"),
        ("1:30", "1:30"),
        ("190:20:30", "190:20:30"),
        ("1.5", 1.5),
        ("1.", 1.0),
        (".5", 0.5),
        ("-.5e3", -500.0),
        ("1e3", 1000.0),
        (".", "."),
        ("2027-03-31", "2027-03-31"),
        ("2001-12-14t21:59:43.10-05:00", "2001-12-14t21:59:43.10-05:00"),
        ("=", "="),
        ("'1'", "1"),
        ('"true"', "true"),
        ("9223372036854775807", 2**63 - 1),
        ("-9223372036854775808", -(2**63)),
        ("\u0661", "\u0661"),
    ],
)
def test_plain_scalars_follow_the_yaml_1_2_core_schema(text: str, value: object) -> None:
    document = read(f"a: {text}\n".encode(), "f")
    assert document.findings == ()
    assert isinstance(document.value, dict)
    assert document.value["a"] == value
    assert type(document.value["a"]) is type(value)


@pytest.mark.parametrize(
    ("data", "code", "line", "column"),
    [
        (b"a: 1\nb: 2\na: 3\n", "yaml.duplicate-key", 3, 1),
        (b'a: 1\n"a": 3\n', "yaml.duplicate-key", 2, 1),
        (b"a: {x: 1, y: {z: 1, z: 2}}\n", "yaml.duplicate-key", 1, 21),
        (b"a: !!str 1\n", "yaml.tag", 1, 4),
        (b"a: !x [1]\n", "yaml.tag", 1, 4),
        (b"a: ! b\n", "yaml.tag", 1, 4),
        (b"!!map {a: 1}\n", "yaml.tag", 1, 1),
        (b"a: !!python/object/apply:os.system [id]\n", "yaml.tag", 1, 4),
        (b"1: x\n", "yaml.key-not-text", 1, 1),
        (b"null: x\n", "yaml.key-not-text", 1, 1),
        (b"true: x\n", "yaml.key-not-text", 1, 1),
        (b"? [a]\n: x\n", "yaml.key-not-text", 1, 3),
        (b"? {a: b}\n: x\n", "yaml.key-not-text", 1, 3),
        (b"a: &k b\n*k : x\n", "yaml.key-not-text", 2, 1),
        (b"a: &a {x: 1}\nb:\n  <<: *a\n", "yaml.merge-key", 3, 3),
        (b"a: 1\n---\nb: 2\n", "yaml.several-documents", 2, 1),
        (b"a: 1\n...\n---\nb: 2\n", "yaml.several-documents", 3, 1),
        (b"a: .nan\n", "yaml.number", 1, 4),
        (b"a: -.INF\n", "yaml.number", 1, 4),
        (b"a: 1e999\n", "yaml.number", 1, 4),
        (b"a: 9223372036854775808\n", "yaml.number", 1, 4),
        (b"a: " + b"9" * 5000, "yaml.number", 1, 4),
        (b"a: *b\n", "yaml.alias", 1, 4),
        (b"a: &a [1, *a]\n", "yaml.alias", 1, 11),
        (b"", "yaml.empty", 1, 1),
        (b"# only a comment\n", "yaml.empty", 1, 1),
        (b"~\n", "yaml.empty", 1, 1),
        (b"a: \xff\n", "yaml.not-utf8", 1, 4),
        (b"a: 1\nb: \xed\xa0\x80\n", "yaml.not-utf8", 2, 4),
        (b"\xff\xfea\x00:\x00", "yaml.not-utf8", 1, 1),
        (b"\xef\xbb\xbfa: 1\n", "yaml.byte-order-mark", 1, 1),
        (b"a: b\x00c\n", "text.hidden-character", 1, 5),
        (b"a: \x1b[31m\n", "text.hidden-character", 1, 4),
        ("a: ab\u202ecd\n".encode(), "text.hidden-character", 1, 6),
        ("# \u200b\na: 1\n".encode(), "text.hidden-character", 1, 3),
        (b'a: "x\\u202e"\n', "text.hidden-character", 1, 6),
        (b'a: "x\\0"\n', "text.hidden-character", 1, 6),
        (b'a: &x\n  "y\n\n  z\\u200bz"\n', "text.hidden-character", 4, 4),
        ("a: b\u2028c: d\n".encode(), "yaml.line-separator", 1, 5),
        ("a: b\x85c: d\n".encode(), "yaml.line-separator", 1, 5),
        (b"%TAG ! tag:x,2000:\n---\na: 1\n", "yaml.directive", 1, 1),
        (b"%YAML 1.1\n---\na: 1\n", "yaml.directive", 1, 1),
        (b"a:\n\tb: 1\n", "yaml.syntax", 2, 1),
        (b"a: b: c\n", "yaml.syntax", 1, 5),
        (b"a: [1, 2\nb: 1\n", "yaml.syntax", 2, 2),
        (b"a: @x\n", "yaml.syntax", 1, 4),
        (b"a: 'x\n", "yaml.syntax", 2, 1),
        (b"a: 1\n b: 2\n", "yaml.syntax", 2, 3),
    ],
)
def test_what_is_refused_has_a_code_and_a_place(data: bytes, code: str, line: int, column: int) -> None:
    found = [one for one in read(data, "f").findings if one.code == code]
    assert [(one.where.line, one.where.column) for one in found] == [(line, column)]


def test_yaml_1_2_directive_and_document_markers_are_fine() -> None:
    assert read(b"%YAML 1.2\n---\na: 1\n...\n", "f") == yaml_reader.Document({"a": 1})


def test_all_problems_of_a_file_are_told_at_once_with_pointers() -> None:
    data = b"a: {b: 1, b: 2}\nc:\n  - {d: !x 1, 2: x}\n  - {<<: {}}\n"
    found = read(data, "f").findings
    assert [(one.code, one.where.pointer) for one in found] == [
        ("yaml.duplicate-key", "/a/b"),
        ("yaml.tag", "/c/0"),
        ("yaml.key-not-text", "/c/0"),
        ("yaml.merge-key", "/c/1"),
    ]


def test_the_first_of_two_equal_keys_is_kept_and_refused_values_leave_no_trace() -> None:
    assert read(b"a: 1\na: {b: 2}\n? [x]\n: {y: 1}\nz: 3\n", "f").value == {"a": 1, "z": 3}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: &a {x: 1, y: 2}\nb: {<<: *a, y: 3}\n", {"y": 3, "x": 1}),
        ("a: &a {x: 1}\nb: {y: 3, <<: *a}\n", {"y": 3, "x": 1}),
        ("a: &a {x: 1}\nb: {<<: [*a, {x: 2, z: 4}]}\n", {"x": 1, "z": 4}),
        ("b: {<<: {<<: {x: 1}, y: 2}, z: 3}\n", {"x": 1, "y": 2, "z": 3}),
        ("a: &a {x: 1}\nb: {<<: *a, <<: {w: 0}}\n", {"x": 1, "w": 0}),
        ("b: &b {<<: *b, x: 1}\n", {"x": 1}),
        ("b: {<<: text, x: 1}\n", {"x": 1}),
        ("b: {<<: [1, [{y: 2}]], x: 1}\n", {"x": 1}),
        ("b: {'<<': {y: 2}, x: 1}\n", {"<<": {"y": 2}, "x": 1}),
    ],
)
def test_what_a_refused_merge_key_brings_in_is_in_the_value(text: str, value: object) -> None:
    document: Any = read(text.encode(), "f")
    assert document.value["b"] == value
    assert [found.code for found in document.findings if found.code == "yaml.merge-key"] == (
        ["yaml.merge-key"] * text.count("<<:")
    )


def test_aliases_stand_for_their_value() -> None:
    assert read(b"a: &x {n: [1]}\nb: *x\nc: [*x]\n", "f").value == {"a": {"n": [1]}, "b": {"n": [1]}, "c": [{"n": [1]}]}


def test_depth_is_limited_also_through_aliases() -> None:
    deepest = b"[" * MAX_DEPTH + b"]" * MAX_DEPTH
    assert read(deepest, "f").findings == ()
    assert codes(b"[" + deepest + b"]") == ["yaml.too-deep"]
    half = b"[" * 40 + b"x" + b"]" * 40
    assert codes(b"a: &a " + half + b"\nb: " + b"[" * 30 + b"*a" + b"]" * 30 + b"\n") == ["yaml.too-deep"]


def test_nodes_are_limited_also_through_aliases() -> None:
    part = b"[" + b"1," * (MAX_NODES // 20) + b"]"
    assert read(b"a: &a " + part + b"\nb: [" + b"*a," * 18 + b"]\n", "f").findings == ()
    assert codes(b"a: &a " + part + b"\nb: [" + b"*a," * 20 + b"]\n") == ["yaml.too-many-nodes"]
    lines = [b"a0: &a0 [x]"] + [b"a%d: &a%d [%s]" % (n, n, b",".join([b"*a%d" % (n - 1)] * 9)) for n in range(1, 30)]
    assert codes(b"\n".join(lines)) == ["yaml.too-many-nodes"]


HOSTILE = {
    "brackets": b"[" * 1_000_000,
    "braces": b"{" * 1_000_000,
    "dashes": b"- " * 500_000,
    "questions": b"? " * 500_000,
    "tag directives": b"".join(b"%%TAG !a%d! x\n" % n for n in range(60_000)),
    "tag directives after a document": b"a: 1\n...\n" + b"".join(b"%%TAG !a%d! x\n" % n for n in range(60_000)),
    "equal keys": b"a: 1\n" * 20_000,
    "anchors": b"".join(b"- &a%d x\n" % n for n in range(60_000)),
    "long number": b"a: " + b"1" * 1_000_000,
    "long exponent": b"a: 1e" + b"9" * 1_000_000,
    "quotes": b"'" * 1_000_000,
    "line feeds": b"a:\n" + b"\n" * 1_000_000,
    "colons": b":" * 1_000_000,
    "hidden characters": b"a: " + "\u200b".encode() * 300_000,
    "staircase": b"".join(b" " * n + b"- a:\n" for n in range(1000)),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_no_text_of_a_megabyte_takes_long(name: str) -> None:
    with ends():
        read(HOSTILE[name], "f")


def test_files_over_the_limit_are_not_parsed() -> None:
    assert codes(b"a" * (yaml_text.MAX_BYTES + 1)) == ["file.too-large"]


@settings(max_examples=300)
@given(st.binary(max_size=400))
def test_any_bytes_give_a_document_or_findings(data: bytes) -> None:
    document = read(data, "f")
    assert document.value is not None or document.findings
    for found in document.findings:
        assert found.where.line >= 1
        assert found.where.column >= 1


_WORDS = [
    "a",
    "b: ",
    "- ",
    "\n",
    "  ",
    "[",
    "]",
    "{",
    "}",
    ", ",
    ": ",
    "&x ",
    "*x",
    "'",
    '"',
    "|\n",
    ">-\n",
    "# c\n",
    "? ",
]
_ODD = [
    "# c\n",
    "!t ",
    "<<: ",
    "1",
    "~",
    "---\n",
    "...\n",
    "%TAG a\n",
    "\t",
    "\r\n",
    "\\u0041",
    "\u2028",
    "\ufeff",
    "é",
    "<<",
]
_PIECES = st.sampled_from(_WORDS + _ODD)


@settings(max_examples=400)
@given(st.lists(_PIECES, max_size=40).map("".join))
def test_any_yaml_like_text_gives_a_document_or_findings(text: str) -> None:
    document = read(text.encode(), "f")
    assert document.value is not None or document.findings
    _assert_plain(document.value)


def _assert_plain(value: object) -> None:
    assert value is None or isinstance(value, bool | int | float | str | list | dict)
    if isinstance(value, float):
        assert math.isfinite(value)
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _assert_plain(item)


JSON: Any = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "Zs"]), max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abc/~ .:é", max_size=5), inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=100)
@given(JSON.filter(lambda value: value is not None))
def test_json_is_read_as_json(value: object) -> None:
    """YAML 1.2 holds JSON, so json.dumps is an oracle that has never seen our code."""
    assert read(json.dumps(value, ensure_ascii=False).encode(), "f") == yaml_reader.Document(value)


@settings(max_examples=150)
@given(st.lists(_PIECES, max_size=25).map("".join))
def test_the_parser_in_python_refuses_no_less(text: str) -> None:
    """Machines without libyaml: what both can read, they read alike."""
    data = text.encode()
    decoded, problems = yaml_text.decode(data, "f")
    if decoded is None or problems:
        return  # refused before any parser sees it
    first = _built(decoded, yaml_text.events(decoded))
    second = _built(decoded, yaml_text.PureParser(decoded))
    if first is not None and second is not None:
        assert first == second


def test_half_a_character_is_refused_by_the_parser_in_python_too() -> None:
    text = 'a: "\\ud800"\n'
    builder = yaml_reader._Builder("f", text, [])
    with pytest.raises(yaml_reader._StopError) as stop:
        builder.build(yaml_text.PureParser(text))
    assert (stop.value.finding.code, codes(text.encode())) == ("yaml.syntax", ["yaml.syntax"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: b: c\n", "a colon and a space inside unquoted text"),
        ("a: @x\n", "a text cannot start with this character"),
        ("- a\nb: 1\n", "the indentation does not fit the lines above"),
        ("a: 'x' y\n", "something stands behind a value that is complete"),
        ("a: [b]]\n", "something stands behind a value that is complete"),
        ("a: - b\n", "a list cannot start here"),
        ("a: {b\n", "a bracket is opened and not closed"),
        ("a: 'x\n", "the file ends inside a quoted text or a bracket"),
        ("a: 'x\n---\n'\n", "`---` or `...` inside a text that is not closed"),
        ("a: |x\n y\n", "something stands behind `|` or `>`, where only a comment may"),
        ('a: "\\q"\n', "an escape that YAML does not have"),
        ('a: "\\xZZ"\n', "an escape of a character that does not exist"),
        ("a: & b\n", "a text cannot start with & or *, which name anchors"),
        ("a: *.lookup\n", "a text cannot start with & or *, which name anchors"),
        ("a: !e!x y\n", "a text cannot start with !"),
        ("a: |0\n x\n", "an indentation of 0 behind `|` or `>`"),
        ("a:\n\tb: 1\n", "a tab is used to indent"),
        ("a: [1,,2]\n", "a value is missing here, or a comma or bracket is too many"),
    ],
)
def test_both_parsers_say_in_the_same_plain_words_what_is_not_yaml(text: str, message: str) -> None:
    for parser in (yaml_text.events, yaml_text.PureParser):
        with pytest.raises(yaml.YAMLError) as error:
            yaml_reader._Builder("f", text, []).build(parser(text))
        found = yaml_text.syntax_finding(error.value, text, "f")
        assert (found.code, found.message) == ("yaml.syntax", message)
        assert found.fix


def _built(text: str, source: yaml_text.EventSource) -> object:
    builder = yaml_reader._Builder("f", text, [])
    try:
        return builder.build(source)
    except (yaml.YAMLError, yaml_reader._StopError):
        return None
