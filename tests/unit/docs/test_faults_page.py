"""docs/faults.md names for every fault, and docs/proof.md for every invariant, a test that is there."""

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/faults.md").read_text("utf-8")
ROWS = re.findall(r"^\| (?!fault \|)([^|]+) \| ([^|]+) \| ([^|]+) \|$", PAGE, re.MULTILINE)
PROOF = (ROOT / "docs/proof.md").read_text("utf-8")
INVARIANTS = re.findall(r"^\| (?!invariant \|)([^|]+) \| ([^|]+) \|$", PROOF, re.MULTILINE)


@cache
def names_in(path: str) -> frozenset[str]:
    """The functions of a file, also those in classes."""
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    return frozenset(one.name for one in ast.walk(tree) if isinstance(one, ast.FunctionDef))


def test_every_fault_is_held_by_tests_that_exist() -> None:
    assert len(ROWS) > 30
    assert [(fault, lost) for fault, _, tests in ROWS if (lost := _not_there(tests))] == []


def test_every_invariant_is_held_by_what_exists() -> None:
    assert len(INVARIANTS) > 20
    assert [(what, lost) for what, tests in INVARIANTS if (lost := _not_there(tests))] == []


def _not_there(tests: str) -> list[str]:
    named = [one.strip().strip("`").split("::") for one in tests.split(",")]
    return [f"{path}::{name}" for path, name in named if name not in names_in(path)]
