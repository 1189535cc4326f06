"""Reads the file of results that a test tool wrote: what was run, what passed, which numbers it reached.

Three forms: promptfoo's JSON (`promptfoo eval --output results.json`), JUnit XML (pytest, Maven, Jest and their like),
and `agentgov.evidence/1` (schemas/input/evidence.schema.json) for everything else. Strict: what is malformed, cut off
or contradicts itself is no result, with the reason. Never decides whether numbers suffice (`model.results`); reads no
file itself, and expands nothing that a file refers to.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from agentgov.model.results import (
    METRIC_NAME,
    MOST_METRICS,
    PASS_RATE,
    TESTS,
    decimal_text,
    mean_text,
    ratio_text,
)
from agentgov.release.strict_json import strict_json

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

MAX_BYTES = 16 * 2**20
Form = Literal["auto", "promptfoo", "junit", "agentgov"]
SCHEMA = "agentgov.evidence/1"
_MOST_TESTS = 10**9
_TOO_LARGE = 10**12
_TOOL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,63}\Z")
# A document type can name other files, and blow up; no test tool writes one.
_DOCUMENT_TYPE = re.compile(rb"<!\s*(DOCTYPE|ENTITY)", re.IGNORECASE)


class EvidenceFileError(ValueError):
    """The file holds no results that can be read; the message is one plain sentence."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """The results of one file. `failed` tests gave a wrong answer, `errors` none; skipped ones are not counted."""

    tool: str
    metrics: Mapping[str, str]  # decimals as text, by name
    passed: int
    failed: int
    errors: int
    digest: str = ""  # SHA-256 of the file


@dataclass(slots=True)
class _Counted:
    passed: int = 0
    failed: int = 0
    errors: int = 0
    metrics: dict[str, str] = field(default_factory=dict)

    @property
    def total(self) -> int:
        return self.passed + self.failed + self.errors


def parse_evidence(data: bytes, form: Form = "auto") -> Parsed | str:
    """The results in a file's bytes, or why there are none; total, no input raises."""
    if len(data) > MAX_BYTES:
        return f"the file is larger than {MAX_BYTES // 2**20} MiB"
    try:
        found = _form_of(data) if form == "auto" else form
        tool, counted = _READERS[found](data)
    except EvidenceFileError as error:
        return str(error)
    metrics = dict(counted.metrics)
    if counted.total:
        metrics |= {TESTS: str(counted.total), PASS_RATE: ratio_text(counted.passed, counted.total)}
    if len(metrics) > MOST_METRICS:
        return f"the file tells {len(metrics)} metrics, and {MOST_METRICS} is the most"
    digest = hashlib.sha256(data).hexdigest()
    ordered = MappingProxyType(dict(sorted(metrics.items())))
    return Parsed(tool, ordered, counted.passed, counted.failed, counted.errors, digest)


def _form_of(data: bytes) -> Form:
    start = data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if start == b"<":
        return "junit"
    if start != b"{":
        raise EvidenceFileError("the file is neither JSON nor XML; say what it is with --form")
    return "agentgov" if _object(data).get("schema") == SCHEMA else "promptfoo"


# --- promptfoo -------------------------------------------------------------------------------------------------------


def _promptfoo(data: bytes) -> tuple[str, _Counted]:
    """`{"results": {"version": 3, "stats": {...}, "results": [...], "prompts": [...]}}`; older files have the inner
    object alone, and no `errors` in their statistics."""
    whole = _object(data)
    inner = whole.get("results")
    summary = inner if isinstance(inner, dict) else whole
    stats, rows = summary.get("stats"), summary.get("results")
    if not isinstance(stats, dict) or not isinstance(rows, list):
        raise EvidenceFileError("the file has no statistics and results as promptfoo writes them")
    counted = _Counted(
        _count(stats, "successes"), _count(stats, "failures"), _count(stats, "errors") if "errors" in stats else 0
    )
    passed = sum(1 for row in rows if isinstance(row, dict) and row.get("success") is True)
    if (len(rows), passed) != (counted.total, counted.passed):
        raise EvidenceFileError(
            f"the statistics tell {counted.passed} of {counted.total} passed, the results {passed} of {len(rows)}"
        )
    counted.metrics = _named_scores(rows)
    return "promptfoo", counted


def _named_scores(rows: Iterable[object]) -> dict[str, str]:
    """The mean of every named score over the results that have it; promptfoo's names that no metric may have are left
    out, since no `min` can name them."""
    sums: dict[str, list[float]] = {}
    for row in rows:
        scores = row.get("namedScores") if isinstance(row, dict) else None
        for name, value in scores.items() if isinstance(scores, dict) else ():
            if METRIC_NAME.match(name) and name not in (TESTS, PASS_RATE):
                sums.setdefault(name, []).append(_number(name, value))
    return {name: mean_text(values) for name, values in sums.items()}


# --- JUnit XML -------------------------------------------------------------------------------------------------------


def _junit(data: bytes) -> tuple[str, _Counted]:
    """`<testsuites>` or one `<testsuite>`; every `<testcase>` counts once, whatever the attributes add up to, but what
    they say of tests and failures must not be more than the test cases show: then a part of the file is missing."""
    from xml.etree import ElementTree

    if _DOCUMENT_TYPE.search(data) or b"\0" in data:
        raise EvidenceFileError("the XML declares a document type, or is in an encoding other than UTF-8")
    try:
        root = ElementTree.fromstring(data)  # noqa: S314 - no document type, so nothing to expand; bounded in size
    except (ElementTree.ParseError, ValueError, LookupError, RecursionError) as error:
        raise EvidenceFileError(f"the file is not whole XML: {error}") from error
    if root.tag not in ("testsuites", "testsuite"):
        raise EvidenceFileError(f"the XML is a <{root.tag[:40]}>, and JUnit has <testsuites> or <testsuite>")
    counted, cases, bad = _Counted(), 0, 0
    for case in root.iter("testcase"):
        inside = [child.tag for child in case if child.tag in ("error", "failure", "skipped")]
        cases, bad = cases + 1, bad + sum(tag != "skipped" for tag in inside)
        counted.errors += "error" in inside
        counted.failed += "failure" in inside and "error" not in inside
        counted.passed += not inside
    told_cases, told_bad = _told(root)
    if told_cases > cases or told_bad > bad:
        raise EvidenceFileError("the suites tell of more tests, or more failures, than the file holds")
    return "junit", counted


def _told(root: "Element") -> tuple[int, int]:
    """How many tests, and how many failures and errors, the outermost suites say they had."""
    suites = [root] if root.tag == "testsuite" else root.findall("testsuite")
    cases = sum(_attribute(suite.get("tests")) for suite in suites)
    return cases, sum(_attribute(suite.get(name)) for suite in suites for name in ("failures", "errors"))


def _attribute(text: str | None) -> int:
    if text is None:
        return 0
    if re.fullmatch(r"[0-9]{1,9}", text, re.ASCII) is None:
        raise EvidenceFileError(f"a suite counts {text[:20]!r} tests")
    return int(text)


# --- our own form ----------------------------------------------------------------------------------------------------


def _agentgov(data: bytes) -> tuple[str, _Counted]:
    """`{"schema": "agentgov.evidence/1", "tool": ..., "tests": {"passed", "failed", "errors"}, "metrics": {...}}`."""
    whole = _object(data)
    if whole.get("schema") != SCHEMA or not {"schema", "tool"} <= set(whole) <= {"schema", "tool", "tests", "metrics"}:
        raise EvidenceFileError(f"the file is not as {SCHEMA} has it: schema, tool, tests, metrics")
    tool, tests, metrics = whole["tool"], whole.get("tests", {}), whole.get("metrics", {})
    if not isinstance(tool, str) or _TOOL.match(tool) is None:
        raise EvidenceFileError("`tool` is a short name of letters, digits and . _ + -")
    if not isinstance(tests, dict) or not set(tests) <= {"passed", "failed", "errors"}:
        raise EvidenceFileError("`tests` counts passed, failed and errors, and nothing else")
    if not isinstance(metrics, dict) or any(METRIC_NAME.match(name) is None for name in metrics):
        raise EvidenceFileError("`metrics` holds numbers by names of letters, digits and _ . -")
    passed, failed, errors = (_count(tests, name) if name in tests else 0 for name in ("passed", "failed", "errors"))
    counted = _Counted(passed, failed, errors)
    if counted.total and {TESTS, PASS_RATE} & set(metrics):
        raise EvidenceFileError(f"`{TESTS}` and `{PASS_RATE}` are counted from `tests`; leave them out of `metrics`")
    counted.metrics = {name: decimal_text(_number(name, value)) for name, value in metrics.items()}
    if not counted.total and not metrics:
        raise EvidenceFileError("the file tells neither tests nor metrics")
    return tool, counted


# --- values ----------------------------------------------------------------------------------------------------------


def _object(data: bytes) -> dict[str, object]:
    """The JSON object that a file is; no key twice, no NaN and no Infinity."""
    try:
        found = strict_json(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise EvidenceFileError(f"the file is not strict JSON: {error}") from error
    if not isinstance(found, dict):
        raise EvidenceFileError("the file is not a JSON object")
    return found


def _count(values: Mapping[str, object], name: str) -> int:
    value = values.get(name)
    if type(value) is not int or not 0 <= value <= _MOST_TESTS:
        raise EvidenceFileError(f"`{name}` is not a count")
    return value


def _number(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise EvidenceFileError(f"the metric {name} is not a number")
    if not -_TOO_LARGE < value < _TOO_LARGE:  # nor is what is not finite
        raise EvidenceFileError(f"the metric {name} is too large")
    return value


_READERS: Mapping[str, Callable[[bytes], tuple[str, _Counted]]] = MappingProxyType(
    {"promptfoo": _promptfoo, "junit": _junit, "agentgov": _agentgov}
)
