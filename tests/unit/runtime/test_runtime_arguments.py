"""Arguments have one spelling or none, their size is bounded, and schemas read nothing outside of the release."""

import json
from typing import Any

import pytest
import rfc8785
from actionworld import REFUNDS, refund
from hypothesis import given
from hypothesis import strategies as st
from patience import ends

from agentgov.runtime.arguments import MOST_BYTES, MOST_DEPTH, MOST_VALUES, ArgumentsError, Shape, canonical

PATH = f"{REFUNDS.folder}/tools/refund.create.schema.json"
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
NUMBERS = st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT,
    lambda below: st.lists(below, max_size=4) | st.dictionaries(TEXT, below, max_size=4),
    max_leaves=20,
)


@given(VALUES)
def test_the_one_spelling_is_that_of_rfc_8785(value: Any) -> None:
    assert canonical(value) == rfc8785.dumps(value)


@given(st.dictionaries(TEXT, st.integers(0, 9), max_size=6))
def test_the_order_of_names_changes_nothing(value: dict[str, int]) -> None:
    assert canonical(dict(reversed(value.items()))) == canonical(value)


def test_names_are_in_the_order_of_utf_16() -> None:
    assert canonical({"\U00010000": 1, "\uffff": 2}) == '{"\U00010000":1,"\uffff":2}'.encode()


def _nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (2**53, "beyond 2^53"),
        (-(2**53), "beyond 2^53"),
        (10**400, "beyond 2^53"),
        (float("nan"), "no exact spelling"),
        (float("inf"), "no exact spelling"),
        ({"a": "\ud800"}, "no exact spelling"),
        ({"\ud800": 1}, "no exact spelling"),
        ({1: 2}, "not text"),
        ({"a": (1, 2)}, "not JSON"),
        ({"a": b"x"}, "not JSON"),
        (_nested(MOST_DEPTH), "nested"),
        (_nested(100_000), "nested"),
        ([1] * MOST_VALUES, "values"),
        ("x" * MOST_BYTES, "bytes"),
        ("\x01" * (MOST_BYTES // 4), "bytes"),
    ],
)
def test_what_has_no_exact_spelling_or_is_too_large_is_refused(value: Any, said: str) -> None:
    with pytest.raises(ArgumentsError, match=said.replace("^", r"\^")):
        canonical(value)


def test_what_is_just_small_enough_is_taken() -> None:
    canonical(_nested(MOST_DEPTH - 1))
    canonical([1] * (MOST_VALUES - 1))
    assert len(canonical("x" * (MOST_BYTES - 2))) == MOST_BYTES
    assert canonical(2**53 - 1) == b"9007199254740991"


def _shape(schema: Any, **others: Any) -> Shape:
    files = {PATH: schema} | {f"{REFUNDS.folder}/tools/{name}.json": text for name, text in others.items()}
    return Shape(PATH, {path: {"text": json.dumps(text)} for path, text in files.items()})


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "http://127.0.0.1:9/x"},
        {"$ref": "https://example.com/x"},
        {"$ref": "file:///etc/hostname"},
        {"$ref": "other.json"},
        {"$ref": "../../../../../../etc/hostname"},
        {"$ref": "#/definitions/none"},
        {"$id": "https://example.com/a/", "$ref": "b"},
        {"pattern": "("},
        {"type": "strange"},
        [1],
        "object",
    ],
)
def test_a_schema_that_cannot_be_read_whole_from_the_release_judges_nothing(schema: Any) -> None:
    assert "cannot be read" in _shape(schema).problem


def test_a_schema_may_name_another_file_of_the_release() -> None:
    shape = _shape({"properties": {"a": {"$ref": "money.json"}}}, money={"type": "integer"})
    assert not shape.problem
    assert shape.faults({"a": 1}) == ()
    assert shape.faults({"a": "x"}) == ("args.a breaks type",)


def test_a_schema_without_a_text_judges_nothing() -> None:
    assert Shape(PATH, {}).problem
    assert Shape(PATH, {PATH: {"base64": "AA=="}}).problem
    assert Shape(PATH, {PATH: {"text": "{"}}).problem


def test_faults_do_not_repeat_what_was_sent() -> None:
    shape = _shape({"additionalProperties": {"type": "integer"}, "propertyNames": {"maxLength": 10}})
    told = " ".join(shape.faults({"alice@acme.example": "4111 1111 1111 1111", "x": ["secret"]}))
    assert "args.x breaks type" in told
    assert not any(word in told for word in ("alice", "4111", "secret"))


def test_what_is_missing_is_named_by_the_schema() -> None:
    shape = _shape({"required": ["line"], "properties": {"to": {"required": ["a name: x"]}}})
    assert shape.faults({"to": {}}) == ("args.line is missing", "args.to[...] is missing")


def test_few_faults_are_told_of_many() -> None:
    assert len(_shape({"additionalProperties": {"type": "integer"}}).faults(dict.fromkeys("abcdefgh", "x"))) == 5


def test_draft_7_is_what_a_schema_means_that_does_not_say() -> None:
    assert _shape({"items": [{"type": "integer"}]}).faults(["x"]) == ("args[0] breaks type",)


def test_a_schema_of_another_draft_means_what_that_draft_says() -> None:
    newer = {"$schema": "https://json-schema.org/draft/2020-12/schema", "prefixItems": [{"type": "integer"}]}
    assert _shape(newer).faults(["x"]) == ("args[0] breaks type",)
    assert _shape({"prefixItems": [{"type": "integer"}]}).faults(["x"]) == ()
    assert _shape(False).faults({})
    assert _shape(True).faults({}) == ()


def test_patterns_cost_no_more_than_they_should() -> None:
    long = {"a": "a" * 50_000 + "b"}
    with ends():
        assert _shape({"properties": {"a": {"pattern": "^(a+)+$"}}}).faults(long)
        assert _shape({"properties": {"a": {"pattern": r"^(?=a)(a+)+\1$"}}}).faults(long)


def test_the_example_accepts_its_own_call() -> None:
    from actionworld import release

    shape = Shape(PATH, release().files)
    assert shape.faults(refund()) == ()
    assert shape.faults(refund(amount_minor=0)) == ("args.amount_minor breaks minimum",)
