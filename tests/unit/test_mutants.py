"""The tool that takes guards away: what it takes, and that its list speaks of today's code."""

import pytest
from mutants.guards import mutants_of
from mutants.run import MODULES, ROOT, equivalents, killers, path_of, readers

GUARDED = """
def refuse(act, now):
    if act.paused:
        return 1
    return held(act) or old(act)
"""


def changed(source: str) -> dict[str, str]:
    return {one.key: one.source for one in mutants_of(source)}


def test_a_guard_that_leaves_is_taken_away_and_so_is_each_operand() -> None:
    found = changed(GUARDED)
    assert list(found) == ["refuse: if act.paused", "refuse: operand held(act)", "refuse: operand old(act)"]
    assert "if False" in found["refuse: if act.paused"]
    assert "return old(act)" in found["refuse: operand held(act)"]
    assert "if act.paused" in found["refuse: operand held(act)"], "one at a time"


@pytest.mark.parametrize(
    ("source", "key", "becomes"),
    [
        ("def f(a):\n    return a < 2", "f: edge a < 2", "a <= 2"),
        ("def f(a):\n    return None if a else Refusal(a)", "f: answer a", "return None"),
        ("def f(a):\n    return min(max(a, 0), 9)", "f: bound 9", "return max(a, 0)"),
        ("def f(a):\n    return soak_gate(a) + judge_gate(a)", "f: term judge_gate(a)", "return soak_gate(a)"),
        ("def f(a):\n    a += judge_gate(a)", "f: term judge_gate(a)", "pass"),
        ("_RULES: tuple[int, ...] = (first, second)", "_RULES: row first", "(second,)"),
        ("def f(a):\n    return [b for b in a if b]", "f: filter b", "[b for b in a]"),
        ('f("UPDATE t SET a = ? WHERE id = ? AND b = 1")', ": sql WHERE id = ?", "a = ? WHERE ? IS NOT NULL AND b = 1"),
        ("class C:\n    def f(self):\n        return a and b", "C.f: operand a", "return b"),
    ],
)
def test_every_kind_of_guard_is_taken_away(source: str, key: str, becomes: str) -> None:
    assert becomes in changed(source)[key]


def test_the_same_guard_again_in_a_function_has_a_name_of_its_own() -> None:
    twice = "def f(a):\n    if a:\n        return 1\n    b(a)\n    if a:\n        return 2\n"
    found = changed(twice)
    assert list(found) == ["f: if a", "f: if a #2"]
    assert "if False" in found["f: if a #2"].partition("b(a)")[2]


def test_imported_again_is_what_reads_a_changed_module_near_or_far_and_nothing_else() -> None:
    found = readers("agentgov.alerts.standing")
    assert {"agentgov.alerts.standing", "agentgov.alerts.notices"} <= set(found)
    assert "agentgov.alerts.alert" not in found
    assert "agentgov.alerts.notices" in readers("agentgov.store.port")
    assert readers("agentgov.alerts.gone") == []


def test_every_guard_has_a_test_that_notices_or_a_reason_and_the_list_speaks_of_what_is_there() -> None:
    there = {
        f"{module} {one.key}" for module in MODULES for one in mutants_of(path_of(module).read_text(encoding="utf-8"))
    }
    listed = {*killers(), *equivalents()}
    assert listed <= there, f"renamed or gone: {sorted(listed - there)}"
    assert there <= listed, f"nobody notices when these go; see docs/proof.md: {sorted(there - listed)}"
    assert not set(killers()) & set(equivalents())
    assert all(equivalents().values()), "each with its reason"
    for node in killers().values():
        file, name = node.split("::")[:2]
        assert f"def {name.partition('[')[0]}(" in (ROOT / file).read_text(encoding="utf-8"), node
