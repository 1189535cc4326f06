"""What people read when a document breaks its schema: plain words, the place, and what to do."""

import json
from pathlib import Path
from typing import Any

import pytest
from unit.validate.fleet_sample import ACCESS, AGENT, FILES, FLEET, PIPELINE, WORKSPACE

from agentgov.model.finding import Finding
from agentgov.validate.engine import PythonEngine, Violation, engine, schema_text
from agentgov.validate.positions import positions
from agentgov.validate.schema import check, explain
from agentgov.validate.yaml_reader import read

FILE_KINDS: Any = {AGENT: "Agent", ACCESS: "Access", FLEET: "Fleet", PIPELINE: "Pipeline", WORKSPACE: "Workspace"}


def explained(file: str, old: str, new: str) -> list[Finding]:
    text = FILES[file]
    assert text.count(old) == 1
    data = text.replace(old, new).encode()
    return sorted(check(FILE_KINDS[file], read(data, file).value, data, file), key=lambda found: found.where.line)


PLACES = {"agent": AGENT, "access": ACCESS, "fleet": FLEET, "pipeline": PIPELINE, "workspace": WORKSPACE}
CASES = [
    (PLACES[case["in"]], case["old"], case["new"], case["code"], case["message"], case["fix"])
    for case in json.loads(Path(__file__).with_name("messages.json").read_text("utf-8"))
]


@pytest.mark.parametrize(("file", "old", "new", "code", "message", "fix"), CASES)
def test_a_violation_is_told_in_plain_words(file: str, old: str, new: str, code: str, message: str, fix: str) -> None:
    found = explained(file, old, new)
    assert (code, message, fix) in [(one.code, one.message, one.fix) for one in found]
    assert all(one.where.line > 0 for one in found)


def test_a_missing_field_is_told_at_the_thing_that_lacks_it_and_an_unknown_one_at_its_key() -> None:
    missing, unknown = explained(AGENT, "  risk: medium", "  rsik: medium")
    assert (missing.where.line, missing.where.column, missing.where.pointer) == (4, 1, "/spec")
    assert (unknown.where.line, unknown.where.column, unknown.where.pointer) == (7, 3, "/spec/rsik")


def test_keys_with_slashes_have_escaped_pointers() -> None:
    (found,) = explained(AGENT, "{name: refunds}", "{name: refunds, a/b~c: 1}")
    assert found.where.pointer == "/metadata/a~1b~0c"


def test_a_document_that_is_no_mapping_is_told_so() -> None:
    (found,) = check("Agent", ["x"], b"- x\n", AGENT)
    assert found.message == "the document must be a mapping, not a list"


def test_no_message_speaks_the_language_of_the_engine() -> None:
    jargon = ("anyOf", "additionalProperties", "is not valid under", "required property", "does not match", "$ref")
    for file, old, new, *_ in CASES:
        for found in explained(file, old, new):
            assert not any(word in found.message for word in jargon)


def test_the_other_engine_tells_the_same() -> None:
    for file, old, new, *_ in CASES:
        data = FILES[file].replace(old, new).encode()
        value, kind = read(data, file).value, FILE_KINDS[file]
        other = PythonEngine(json.loads(schema_text(kind)))
        told = [explain(one.violations(value), value, positions(data), file) for one in (engine(kind), other)]
        assert set(told[0]) == set(told[1])


def test_a_keyword_without_words_of_its_own_is_told_with_its_place() -> None:
    data = b"a:\n  b: 1\n"
    (found,) = explain([Violation("not", ("a", "b"), {})], {"a": {"b": 1}}, positions(data), "x.yaml")
    assert (found.code, str(found.where)) == ("schema.invalid", "x.yaml:2:6")
