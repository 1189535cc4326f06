"""One number, or why there is none: whatever stands in an answer, "no data" is never a zero."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentgov.release.sources.prometheus_answer import sample_of


def vector(*values: Any, **more: Any) -> bytes:
    result = [{"metric": {}, "value": [1767225600.5, value]} for value in values]
    return json.dumps({"status": "success", "data": {"resultType": "vector", "result": result}, **more}).encode()


def data(kind: str, result: Any) -> bytes:
    return json.dumps({"status": "success", "data": {"resultType": kind, "result": result}}).encode()


@pytest.mark.parametrize(
    ("body", "number"),
    [
        (vector("12.5"), 12.5),
        (vector("0"), 0.0),
        (vector("-0"), 0.0),
        (vector("1e+06"), 1e6),
        (vector("3", infos=["metric might not be a counter"]), 3.0),
        (data("scalar", [1767225600, "7"]), 7.0),
    ],
)
def test_one_finite_number_of_units_is_taken(body: bytes, number: float) -> None:
    assert sample_of(200, body) == number


@pytest.mark.parametrize(
    ("status", "body", "why"),
    [
        (200, vector(), "finds no series"),
        (200, vector("1", "2"), "2 series instead of one"),
        (200, vector("NaN"), "gives NaN"),
        (200, vector("+Inf"), "gives +Inf"),
        (200, vector("-Inf"), "gives -Inf"),
        (200, vector("-1"), "gives -1"),
        (200, vector("1e999"), "gives 1e999"),
        (200, vector("1e13"), "gives 1e13"),
        (200, vector("0x10"), "gives something"),
        (200, vector(" 1"), "gives something"),
        (200, vector(1), "gives something"),
        (200, vector("1_0"), "gives something"),
        (200, vector("1", warnings=["partial\x1b[31m answer\nof a store"]), "warns: partial [31m answer of a store"),
        (200, vector("1", warnings=True), "Prometheus warns"),
        (200, data("matrix", [{"metric": {}, "values": [[1, "1"]]}]), "neither a vector nor a scalar"),
        (200, data("string", [1, "1"]), "neither a vector nor a scalar"),
        (200, data("scalar", "1"), "gives something"),
        (200, data("vector", {"0": 1}), "neither a vector nor a scalar"),
        (200, data("vector", ["1"]), "gives something"),
        (200, b'{"status":"success"}', "neither a vector nor a scalar"),
        (200, b"<html>login</html>", "answered 200 with something other than its JSON"),
        (200, b"[]", "something other than its JSON"),
        (200, b"[" * 100_000, "something other than its JSON"),
        (302, b"", "answered 302"),
        (422, b'{"status":"error","errorType":"execution","error":"timed out"}', "answered 422: timed out"),
        (503, b'{"status":"error"}', "answered 503"),
        (503, vector("1"), "answered 503"),
        (200, b'{"status":"error","error":"parse error"}', "answered 200: parse error"),
    ],
)
def test_everything_else_is_no_data_with_its_reason(status: int, body: bytes, why: str) -> None:
    found = sample_of(status, body)
    assert isinstance(found, str)
    assert why in found
    assert found.isprintable()
    assert len(found) < 200


@given(st.integers(100, 599), st.binary(max_size=200))
def test_no_answer_raises(status: int, body: bytes) -> None:
    assert isinstance(sample_of(status, body), str | float)
