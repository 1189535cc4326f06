"""Codes and their use in step: what is said is registered, what is registered is said (the pages: tests/unit/docs)."""

import re
from pathlib import Path

from agentgov.validate.codes import CODES

ROOT = Path(__file__).parents[3]
FAMILIES = sorted({code.partition(".")[0] for code in CODES})
_SAID = re.compile(rf'"((?:{"|".join(FAMILIES)})\.[a-z0-9-]+)"')
# Where codes are said: validation, and what it asks of others. f-strings are listed here by hand.
_PLACES = (
    "agentgov/validate",
    "agentgov/owners",
    "agentgov/importers",
    "agentgov/cli/start/import_report.py",
    "agentgov/trust/soundness.py",
)
_COMPOSED = {
    "reference": (ROOT / "agentgov/validate/references.py", r'f"reference\.unknown-\{word\}"'),
}


def said() -> set[str]:
    found: set[str] = set()
    for place in _PLACES:
        path = ROOT / place
        for file in [path] if path.is_file() else path.rglob("*.py"):
            if file.name != "codes.py":
                found.update(_SAID.findall(file.read_text("utf-8")))
    references, pattern = _COMPOSED["reference"]
    assert re.search(pattern, references.read_text("utf-8"))
    return found | {f"reference.unknown-{word}" for word in ("person", "team", "role")}


def test_every_code_that_is_said_is_registered_and_every_registered_code_is_said() -> None:
    files = {"access.yaml", "codeowners.py"}
    assert {code for code in said() if code not in files} == set(CODES)


def test_codes_have_a_family_and_a_name_and_a_meaning() -> None:
    for code, (_, meaning) in CODES.items():
        assert re.fullmatch(r"[a-z]+\.[a-z0-9]+(-[a-z0-9]+)*", code)
        assert meaning.endswith(".")
