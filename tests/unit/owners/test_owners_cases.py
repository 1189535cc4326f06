"""Which owners a path has: facts from GitHub's documentation and from the tests of other implementations."""

import json
from pathlib import Path
from typing import Any

import pytest

from agentgov.owners.codeowners import Dialect, match, parse

CASES: list[dict[str, Any]] = json.loads((Path(__file__).parent / "cases.json").read_text("utf-8"))
SHARED = Path(__file__).parents[4] / "shared" / "cases" / "codeowners.json"


@pytest.mark.parametrize("case", CASES, ids=lambda case: json.dumps(case["codeowners"][-40:]))
def test_every_path_of_the_case_has_its_owners(case: dict[str, Any]) -> None:
    codeowners = parse(case["codeowners"], "CODEOWNERS")
    assert {path: sorted(match(codeowners, path).owners) for path in case["owners"]} == case["owners"]


@pytest.mark.skipif(not SHARED.exists(), reason="the shared cases are not beside this checkout")
@pytest.mark.parametrize("dialect", ["github", "gitlab"])
def test_every_shared_case_holds(dialect: Dialect) -> None:
    cases = [case for case in json.loads(SHARED.read_text("utf-8")) if case["dialect"] == dialect]
    assert cases
    wrong = []
    for case in cases:
        found = match(parse(case["codeowners"], "CODEOWNERS", dialect), case["path"])
        sections = [
            {
                "name": section.name,
                "owners": list(section.owners),
                "optional": section.optional,
                "approvals_required": section.approvals,
            }
            for section in found.sections
        ]
        right = sorted(found.owners) == sorted(case["owners"]) and case.get("sections", sections) == sections
        if not right:
            wrong.append((case, found))
    assert wrong == []
