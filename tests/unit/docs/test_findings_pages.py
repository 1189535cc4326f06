"""docs/findings/ and the program in step: every code explained, every example doing what it says.

Write the table of the index anew with: GOLDEN=write pytest tests/unit/docs
"""

import os
import re
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from unit.docs.example_fleet import edits, overlay
from unit.validate.fleet_sample import AGENT, FILES, FLEET, PROMPT, TRIAGE, Modes, findings, fleet, removed

from agentgov.model.access import Access, Administrators, Role
from agentgov.model.finding import Finding
from agentgov.model.snapshot import SUBMODULE, SYMLINK
from agentgov.model.verdict import Location
from agentgov.trust.soundness import problems
from agentgov.validate.codes import CODES, finding
from agentgov.validate.explanations import Explanation, explanation, explanations, families, page
from agentgov.validate.run import validate
from agentgov.validate.suppress import JUDGEMENT

FOLDER = Path(__file__).resolve().parents[3] / "docs/findings"
PAGES = {family: list(explanations(page(family))) for family in families()}
GITLAB_FLEET = FILES[FLEET] + "codeowners: {dialect: gitlab}\n"
SECTIONS = {found.code: found for pages in PAGES.values() for found in pages}

# Codes that no piece of a file shows, and how they come about instead.
SHOWN_OTHERWISE: dict[str, Callable[[], Iterable[Finding]]] = {
    "file.too-large": lambda: findings({"agents/support/refunds/data.bin": b"x" * (2**20 + 1)}),
    "yaml.too-deep": lambda: findings({AGENT: "[" * 100}),
    "yaml.too-many-nodes": lambda: findings(
        {AGENT: "".join(f"k{n}: &k{n} [{','.join([f'*k{n - 1}' if n else 'x'] * 9)}]\n" for n in range(9))}
    ),
    "layout.not-a-file": lambda: findings({FLEET: None, f"{FLEET}/x": "x"}),
    "layout.symlink": lambda: validate(Modes(fleet(), {PROMPT: SYMLINK})),
    "layout.submodule": lambda: validate(Modes(fleet(), {"agents/support/refunds/lib": SUBMODULE})),
    "layout.agent-removed": lambda: removed(fleet(), fleet({TRIAGE.file: None})),
    "layout.path-characters": lambda: findings({"agents/support/shared/a\u200bb.md": "x\n"}),
    "access.unknown-verb": lambda: [
        finding(reason.rule, Location("x"), reason.message)
        for reason in problems(
            Access(administrators=Administrators(("alice",)), roles=(Role(name="on-call", verbs=("administer",)),))
        )
    ],
    "codeowners.not-text": lambda: findings(
        {".github/CODEOWNERS": None, "CODEOWNERS": "* @sample/support\0\n", FLEET: GITLAB_FLEET}
    ),
    "codeowners.too-large": lambda: findings({".github/CODEOWNERS": "* @sample/support\n" + "# x\n" * 800_000}),
}
# Codes that validate does not say of its own documents, and the tests that show them.
SAID_ELSEWHERE = {
    "content.condition-unchecked": "tests/unit/validate/test_validate_conditions.py",
    "codeowners.individual": "tests/unit/owners/test_owners_lint.py",
    "codeowners.itself-unowned": "tests/unit/owners/test_owners_lint.py",
    "codeowners.one-level": "tests/unit/owners/test_owners_lint.py",
    "schema.invalid": "tests/unit/validate/test_validate_schema_messages.py",
    "layout.unmerged": "tests/unit/cli/test_validate_uncommitted.py",
    "import.secret": "tests/unit/importers",
    "import.workspace": "tests/unit/cli/test_import_command.py",
    "import.no-agent": "tests/unit/cli/test_import_command.py",
    "import.unsupported": "tests/unit/importers",
    "import.partial": "tests/unit/importers",
}


def test_every_code_has_one_section_on_the_page_of_its_family() -> None:
    assert sorted(SECTIONS) == sorted(CODES)
    assert sum(map(len, PAGES.values())) == len(CODES)
    for family, found in PAGES.items():
        assert {one.code.partition(".")[0] for one in found} == {family}
        assert len(found) == page(family).count("\n## ")
        assert re.match(r"# [A-Z][A-Za-z ]+\n\n[A-Z`]", page(family))


@pytest.mark.parametrize("code", CODES)
def test_a_section_says_what_why_and_how_to_mend_it(code: str) -> None:
    found = SECTIONS[code]
    severity, meaning = CODES[code]
    assert (found.severity, found.meaning) == (severity.value, meaning)
    assert len(found.why) > 40
    assert found.fix
    assert "```" not in found.why + found.fix  # an example whose caption has not the form
    assert len(found.examples) == len(re.findall(r"^(?:Bad|Good)\b", _text(found), re.MULTILINE))


def _text(found: Explanation) -> str:
    text = page(found.code.partition(".")[0])
    return text.partition(f"## `{found.code}`")[2].partition("\n## ")[0]


@pytest.mark.parametrize("code", [code for code in CODES if code not in (*SHOWN_OTHERWISE, *SAID_ELSEWHERE)])
def test_the_bad_example_yields_the_code_and_the_good_one_nothing(code: str) -> None:
    examples = SECTIONS[code].examples
    bad, good = [one for one in examples if not one.good], [one for one in examples if one.good]
    assert bad
    assert good
    assert code in {found.code for found in findings(edits(bad))}
    assert findings(edits(good)) == ()


@pytest.mark.parametrize("code", SHOWN_OTHERWISE)
def test_what_no_example_shows_comes_about_as_the_section_says(code: str) -> None:
    assert not SECTIONS[code].examples
    assert code in {found.code for found in SHOWN_OTHERWISE[code]()}


def test_what_only_another_command_says_has_its_tests_there() -> None:
    root = FOLDER.parents[1]
    for code, place in SAID_ELSEWHERE.items():
        files = [root / place] if place.endswith(".py") else (root / place).glob("test_*.py")
        assert any(code in file.read_text("utf-8") for file in files), code


def index() -> str:
    """The table of all codes by family, as it stands in the index."""
    out = []
    for family in families():
        title = page(family).partition("\n")[0].removeprefix("# ")
        out += [f"### [{title}]({family}.md)", "", "| code | severity | meaning |", "|---|---|---|"]
        for found in PAGES[family]:
            anchor = found.code.replace(".", "")
            out.append(f"| [`{found.code}`]({family}.md#{anchor}) | {found.severity} | {found.meaning} |")
        out.append("")
    return "\n".join(out)


def test_the_index_lists_every_code_and_links_it() -> None:
    file = FOLDER / "README.md"
    head, _, _ = file.read_text("utf-8").partition("### [")
    if os.environ.get("GOLDEN") == "write":
        file.write_text(head + index(), "utf-8")
    assert file.read_text("utf-8") == head + index()


def test_the_index_names_every_error_that_can_be_suppressed() -> None:
    text = (FOLDER / "README.md").read_text("utf-8")
    told = re.search(r"errors that leave room for judgement: (.*?)\. All other errors", text, re.DOTALL)
    assert told is not None
    assert set(re.findall(r"`([^`]+)`", told[1])) == JUDGEMENT


def test_every_sentence_that_a_fleet_is_held_to_names_codes_that_exist_or_the_gate() -> None:
    text = (FOLDER / "README.md").read_text("utf-8")
    table = text.partition("## What is checked")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (.+?) \| (.+) \|$", table, re.MULTILINE)
    assert len(rows) > 20
    for sentence, checks in rows[1:]:
        named = re.findall(r"`([^`]+)`", checks)
        assert set(named) <= set(CODES), sentence
        assert named or "the gate, later" in checks, sentence


def test_a_fragment_replaces_what_it_names_and_leaves_the_rest() -> None:
    base = "a: 1\nspec:\n  b: 2\n  c:\n    - x\n  d: 4\n"
    assert overlay(base, "spec:\n  c: 3\n  e: 5\n") == "a: 1\nspec:\n  b: 2\n  c: 3\n  d: 4\n  e: 5\n"
    assert overlay(base, "a: 0\na: 2\n") == "a: 0\na: 2\nspec:\n  b: 2\n  c:\n    - x\n  d: 4\n"
    assert overlay(FILES[AGENT], "kind: Agent\n") == FILES[AGENT]


def test_an_unknown_code_has_no_explanation() -> None:
    assert explanation("yaml.nothing") is None
    assert explanation("../../README") is None
