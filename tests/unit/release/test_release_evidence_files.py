"""What a file of test results tells, and that nothing malformed is taken for a result."""

import hashlib
import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentgov.model.results import is_decimal
from agentgov.release.evidence_files import MAX_BYTES, Form, Parsed, parse_evidence
from agentgov.resources import folder

DATA = Path(__file__).parents[2] / "data/evidence"
SCHEMA = json.loads((folder("schemas") / "input/evidence.schema.json").read_text("utf-8"))


def read(data: bytes, form: Form = "auto") -> Parsed:
    found = parse_evidence(data, form)
    assert isinstance(found, Parsed), found
    return found


def refused(data: bytes, form: Form = "auto") -> str:
    found = parse_evidence(data, form)
    assert isinstance(found, str), found
    assert found
    assert "\n" not in found
    return found


def own(**fields: Any) -> bytes:
    return json.dumps({"schema": "agentgov.evidence/1", "tool": "inspect", **fields}).encode()


def rows(*passed: bool, **more: Any) -> bytes:
    """A promptfoo file with these results."""
    good = sum(passed)
    stats = {"successes": good, "failures": len(passed) - good, "errors": 0}
    results = [{"success": one, "namedScores": {}} for one in passed]
    return json.dumps({"results": {"version": 3, "stats": stats, "results": results, **more}}).encode()


@pytest.mark.parametrize(
    ("name", "tool", "passed", "failed", "errors", "rate"),
    [
        ("promptfoo.json", "promptfoo", 2, 1, 1, "0.5"),
        ("promptfoo-older.json", "promptfoo", 3, 1, 0, "0.75"),
        ("promptfoo.xml", "junit", 2, 1, 1, "0.5"),
        ("pytest.xml", "junit", 1, 1, 1, "0.333333333"),
        ("surefire.xml", "junit", 2, 1, 1, "0.5"),
    ],
)
def test_the_files_of_known_tools(name: str, tool: str, passed: int, failed: int, errors: int, rate: str) -> None:
    data = (DATA / name).read_bytes()
    found = read(data)
    assert (found.tool, found.passed, found.failed, found.errors) == (tool, passed, failed, errors)
    assert found.metrics["pass_rate"] == rate
    assert found.metrics["tests"] == str(passed + failed + errors)
    assert found.digest == hashlib.sha256(data).hexdigest()


def test_the_scores_that_promptfoo_names_are_metrics_by_their_mean() -> None:
    scores: list[dict[str, float]] = [{"on topic": 1, "polite": score} for score in (1, 0.5, 0)]
    scores[0]["pass_rate"] = 1
    found = read(rows(True, True, True, results=[{"success": True, "namedScores": each} for each in scores]))
    assert dict(found.metrics) == {"pass_rate": "1", "polite": "0.5", "tests": "3"}


def test_nothing_that_ran_has_no_rate() -> None:
    assert dict(read(rows()).metrics) == {}
    assert dict(read(b"<testsuites/>").metrics) == {}


def test_skipped_tests_are_not_counted_and_nested_suites_are() -> None:
    data = b"""<testsuites><testsuite tests="3"><testsuite tests="2"><testcase/><testcase><skipped/></testcase>
    </testsuite><testcase><failure/><error/></testcase></testsuite></testsuites>"""
    found = read(data)
    assert (found.passed, found.failed, found.errors) == (1, 0, 1)


def test_our_own_form_says_numbers_exactly() -> None:
    found = read(own(tests={"passed": 2, "failed": 1}, metrics={"resisted": 0.1 + 0.2, "low": -1e-10, "most": 7}))
    assert dict(found.metrics) == {
        "low": "-0.000000001",
        "most": "7",
        "pass_rate": "0.666666666",
        "resisted": "0.3",
        "tests": "3",
    }


def test_the_examples_of_the_schema_can_be_read() -> None:
    for example in SCHEMA["examples"]:
        jsonschema.validate(example, SCHEMA)
        read(json.dumps(example).encode())


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "neither JSON nor XML"),
        (b"PASS 12", "neither JSON nor XML"),
        (b"\xff\xfe{", "neither JSON nor XML"),
        (b"{", "not strict JSON"),
        (b'{"results": {}}', "no statistics"),
        (b'{"a": 1, "a": 2}', "a key stands twice"),
        (b'{"stats": {"successes": NaN}, "results": []}', "NaN"),
        (b"{" + b'"a":{' * 100_000, "not strict JSON"),
        (rows(True, stats={"successes": 2, "failures": 0, "errors": 0}), "tell 2 of 2"),
        (rows(True, stats={"successes": -1, "failures": 2, "errors": 0}), "successes"),
        (rows(True, stats={"successes": True, "failures": 0}), "successes"),
        (rows(True, stats={"failures": 0}), "successes"),
        (rows(False, stats={"successes": 1, "failures": 0, "errors": 0}), "the results 0 of 1"),
        (rows(True, results=[{"success": True, "namedScores": {"a": "1"}}]), "metric a"),
        (rows(True, results=[{"success": True, "namedScores": {"a": 1e12}}]), "too large"),
        (rows(True, results=[{"success": "true"}]), "the results 0 of 1"),
        (b"<testsuite>", "not whole XML"),
        (b"<html/>", "<html>"),
        (b'<testsuites><testsuite tests="2"><testcase/></testsuite></testsuites>', "more tests"),
        (b'<testsuite tests="1" failures="1"><testcase/></testsuite>', "more failures"),
        (b'<testsuite errors="1"><testcase><failure/></testcase><testcase/></testsuite>', ""),
        (b'<testsuite tests="many"/>', "counts"),
        (b'<!DOCTYPE x [<!ENTITY a "b">]><testsuite name="&a;"/>', "document type"),
        (b"<!doctype html><testsuite/>", "document type"),
        ('<?xml version="1.0" encoding="utf-16"?><testsuite/>'.encode("utf-16"), ""),
        (own(), "neither tests nor metrics"),
        (own(tests={}), "neither tests nor metrics"),
        (own(tests={"passed": 1.0}), "passed"),
        (own(tests={"skipped": 1}), "nothing else"),
        (own(metrics={"a b": 1}), "metrics"),
        (own(metrics={"a": True}), "not a number"),
        (own(metrics={"a": 10**400}), "too large"),
        (own(metrics={f"m{n}": n for n in range(65)}), "64 is the most"),
        (own(tests={"passed": 1}, metrics={"pass_rate": 1}), "counted from"),
        (own(more=1), "schema, tool, tests, metrics"),
        (own(tool="a tool\n", tests={"passed": 1}), "tool"),
        (b"<testsuite/>" + b" " * MAX_BYTES, "larger than"),
    ],
)
def test_what_is_malformed_is_no_result(data: bytes, says: str) -> None:
    if says:
        assert says in refused(data)
    else:
        parse_evidence(data)  # whatever it is, it raises nothing


def test_a_form_that_is_named_is_not_guessed() -> None:
    assert "no statistics" in refused(own(tests={"passed": 1}), "promptfoo")
    assert "not whole XML" in refused(rows(True), "junit")
    assert "evidence/1" in refused(rows(True), "agentgov")


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["results", "stats", "successes", "failures", "errors", "success", "namedScores", "tests"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(_JSON, st.binary(max_size=60), st.sampled_from(["auto", "promptfoo", "junit", "agentgov"]))
def test_no_bytes_raise_and_every_number_has_a_spelling(document: Any, tail: bytes, form: Form) -> None:
    for data in (json.dumps(document).encode(), json.dumps({"results": document}).encode(), b"<" + tail, tail):
        found = parse_evidence(data, form)
        if isinstance(found, Parsed):
            assert all(is_decimal(text) for text in found.metrics.values())


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**6))
def test_no_rounding_lifts_a_rate(passed: int, failed: int, errors: int) -> None:
    data = own(tests={"passed": passed, "failed": failed, "errors": errors}, metrics={"a": 1})
    found = read(data)
    total = passed + failed + errors
    if total:
        rate = Fraction(found.metrics["pass_rate"])
        assert 0 <= Fraction(passed, total) - rate < Fraction(1, 10**9)
        assert (rate == 1) is (passed == total)
