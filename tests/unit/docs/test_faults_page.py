"""docs/faults.md names for every fault a test that is there."""

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/faults.md").read_text("utf-8")
ROWS = re.findall(r"^\| (?!fault \|)([^|]+) \| ([^|]+) \| ([^|]+) \|$", PAGE, re.MULTILINE)


@cache
def names_in(path: str) -> frozenset[str]:
    """The functions of a file, also those in classes."""
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    return frozenset(one.name for one in ast.walk(tree) if isinstance(one, ast.FunctionDef))


def test_every_fault_is_held_by_tests_that_exist() -> None:
    assert len(ROWS) > 30
    for fault, _, tests in ROWS:
        named = [one.strip().strip("`").split("::") for one in tests.split(",")]
        assert named, fault
        assert [f"{path}::{name}" for path, name in named if name not in names_in(path)] == [], fault
