"""`agentgov explain`: every code and family in words and as JSON; a slip is answered with what was meant."""

import json

import pytest
from unit.cli.output_schema import assert_holds

from agentgov.cli.main import status
from agentgov.validate.codes import CODES


def test_a_code_is_told_with_its_meaning_examples_and_fix(capsys: pytest.CaptureFixture[str]) -> None:
    assert status(["explain", "yaml.duplicate-key"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("yaml.duplicate-key  error  A mapping has the same key twice.\n")
    assert 'bad  agents/support/refunds/agent.yaml\n    spec:\n      budget: {day: "4.00 USD"}\n' in shown
    assert shown.endswith("fix: Remove one of them.\n")


def test_a_missing_file_is_told_as_such(capsys: pytest.CaptureFixture[str]) -> None:
    assert status(["explain", "owner.no-codeowners"]) == 0
    assert "bad  without .github/CODEOWNERS\n" in capsys.readouterr().out


def test_a_family_lists_its_codes(capsys: pytest.CaptureFixture[str]) -> None:
    assert status(["explain", "yaml"]) == 0
    shown = capsys.readouterr().out
    for code in CODES:
        assert (code in shown) == code.startswith("yaml.")


@pytest.mark.parametrize("subject", ["yaml.tag", "owner.no-codeowners", "file.too-large", "access"])
def test_json_holds_to_its_schema(capsys: pytest.CaptureFixture[str], subject: str) -> None:
    assert status(["explain", subject, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert_holds(document, "explain")
    assert document.get("code", document.get("family")) == subject


@pytest.mark.parametrize(
    ("subject", "meant"),
    [
        ("yaml.dupicate-key", "yaml.duplicate-key"),
        ("merge-key", "yaml.merge-key"),
        ("yaml.dup", "yaml.duplicate-key"),
        ("shema", "schema"),
    ],
)
def test_a_slip_is_answered_with_what_was_meant(capsys: pytest.CaptureFixture[str], subject: str, meant: str) -> None:
    assert status(["explain", subject]) == 2
    assert f'did you mean "{meant}"?' in capsys.readouterr().err
