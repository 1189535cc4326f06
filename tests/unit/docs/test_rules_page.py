"""docs/rules.md and the registry of rule ids are one; every id that the code can say is in it."""

import re
from pathlib import Path

from agentgov.model.rule_ids import RULES
from agentgov.validate.codes import CODES

ROOT = Path(__file__).parents[3]
_REGISTRY = {"rule_ids.py", *(f"{part}_rules.py" for part in ("runtime", "gate", "action", "incident", "doctor"))}
FAMILIES = sorted({one.rule.partition(".")[0] for one in RULES})


def test_the_page_holds_every_rule_as_explain_tells_it() -> None:
    text = (ROOT / "docs/rules.md").read_text("utf-8")
    rows = re.findall(r"^\| `([a-z.-]+)` \| (.*?) \| (.*?) ?\|$", text, re.MULTILINE)
    assert rows == [(one.rule, one.meaning, one.mend) for one in RULES]


def test_every_rule_id_in_the_code_is_known() -> None:
    said = re.compile(rf'"((?:{"|".join(FAMILIES)})\.[a-z-]+)"')
    known = {one.rule for one in RULES} | CODES.keys()
    calls = re.compile(
        r"(?:Refusal|Offence|Reason|allow|deny|note|unknown|ObjectError|SignatureError|Requirement|reject|because)\("
    )
    found = {
        rule
        for file in sorted((ROOT / "agentgov").rglob("*.py"))
        for line in file.read_text("utf-8").splitlines()
        for rule in said.findall(line)
        if calls.search(line) or line.strip().startswith(f'"{rule}"')
    }
    fields = {"access.people", "access.bots", "access.teams", "access.roles", "access.bindings", "runtime.changed"}
    fields |= {f"budget.{how}" for how in ("added", "removed", "raised", "lowered", "changed")}  # what a diff says
    assert found - known - fields == set()


def test_no_rule_is_listed_that_nobody_says() -> None:
    code = "".join(
        file.read_text("utf-8")
        for file in sorted((ROOT / "agentgov").rglob("*.py"))
        if not (file.parent.name == "model" and file.name in _REGISTRY)
    )
    assert [one.rule for one in RULES if f'"{one.rule}"' not in code] == []
