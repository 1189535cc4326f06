"""The rules of the house that no linter knows: file sizes, and names that are drawers. Run by `make lint`."""

import sys
from pathlib import Path

LIMIT = 350
DRAWERS = {"utils", "util", "helpers", "common", "misc", "manager"}


def offences(root: Path) -> list[str]:
    """Every file of the package that is too long, or that is named after nothing."""
    found = []
    for path in sorted((root / "agentgov").rglob("*.py")):
        lines = path.read_text(encoding="utf-8").count("\n")
        if lines > LIMIT:
            found.append(f"{path.relative_to(root)} has {lines} lines and {LIMIT} are the limit: it does two things")
        if path.stem in DRAWERS:
            found.append(f"{path.relative_to(root)} is a drawer: name it after what it decides or does")
    return found


if __name__ == "__main__":
    problems = offences(Path(__file__).resolve().parents[1])
    print("\n".join(problems) or "the house is in order")
    sys.exit(bool(problems))
