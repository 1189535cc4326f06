"""What a changed agent needs is said in a few words: the requirements of all its changes, the hardest of each group."""

from datetime import date
from typing import Any

import msgspec
import pytest
from unit.diff.diff_sample import DOCUMENT, FOLDER, ID, version

from agentgov.diff.compare import compare
from agentgov.model.fleet import Governance
from agentgov.review.needs import Need, needs_of
from agentgov.trust.identity import Directory

TODAY = date(2026, 11, 23)
TOOLS = DOCUMENT["spec"]["tools"]
SECURITY = {"when": {"changed": ["tools", "budget.raised"]}, "approvals": 1, "from": ["team:security"]}
TWO = {"when": {"risk": ["high"]}, "approvals": 2, "from": "owners"}


def governance(*rules: dict[str, Any], owners: str = "/agents/support/ @acme/Support\n") -> Governance:
    fleet = {
        "id": "6f0c3c1e-58a4-4a7e-9a39-1f4a5f7f0001",
        "name": "acme",
        "reviews": {"default": {"approvals": 1, "from": "owners"}, "rules": list(rules)},
    }
    access = {
        "administrators": {"who": ["carol"], "threshold": 1},
        "people": [{"id": name, "name": name, "emails": [f"{name}@acme.example"]} for name in ("carol", "alice")],
        "teams": [
            {"id": "support", "members": ["alice"], "handles": ["@acme/support"]},
            {"id": "security", "members": ["carol"]},
        ],
    }
    document = {"fleet": fleet, "access": access, "pipeline": {"stages": []}}
    return msgspec.convert(
        {**document, "workspaces": {}, "codeowners": owners, "codeowners_file": "CODEOWNERS"}, Governance
    )


def needs(found: Governance, spec: dict[str, Any], **texts: bytes) -> list[str]:
    after = version(spec, texts={f"{FOLDER}/prompts/system.md": text for text in texts.values()})
    return [str(need) for need in needs_of(compare(version(), after), found, Directory(found.access), TODAY)]


def test_owners_are_called_by_their_team() -> None:
    assert needs(governance(), {"description": "Other."}) == ["team:support"]


def test_rules_by_field_and_by_risk_add_to_it() -> None:
    more = {"tools": [*TOOLS, {"name": "pay", "effect": "irreversible"}]}
    assert needs(governance(TWO, SECURITY), more) == ["2 of team:support", "team:security"]
    assert needs(governance(TWO, SECURITY), {"description": "Other."}) == ["2 of team:support"]
    assert needs(governance(SECURITY), {"budget": {"day": "1.00 USD"}}) == ["team:support"]


def test_every_path_is_named_that_asks_for_it() -> None:
    found = governance()
    after = version({"description": "Other."}, texts={f"{FOLDER}/prompts/system.md": b"Other."})
    (need,) = needs_of(compare(version(), after), found, Directory(found.access), TODAY)
    assert need.paths == (f"{FOLDER}/prompts/system.md", ID.file)
    assert (need.rule, need.count, need.each) == ("owners", 1, False)


@pytest.mark.parametrize("owners", ["", "/other/ @acme/support\n"])
def test_what_nobody_owns_needs_the_administrators(owners: str) -> None:
    assert needs(governance(owners=owners), {"description": "Other."}) == ["administrators"]


def test_words() -> None:
    assert str(Need(("team:a", "bob"), 1, False, "r", ())) == "team:a or bob"
    assert str(Need(("team:a", "bob"), 2, False, "r", ())) == "2 of team:a or bob"
    assert str(Need(("team:a", "bob"), 1, True, "r", ())) == "each of team:a and bob"
