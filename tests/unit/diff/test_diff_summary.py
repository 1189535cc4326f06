"""One line says what changed, riskiest first, and ends with the class."""

from unit.diff.diff_sample import DOCUMENT, FOLDER, spec_diff, version

from agentgov.diff.compare import compare
from agentgov.diff.summary import summary_line

TOOLS = DOCUMENT["spec"]["tools"]


def test_the_line_of_a_mixed_change() -> None:
    after = version(
        {"tools": [*TOOLS, {"name": "pay", "effect": "irreversible"}], "budget": {"day": "80.00 USD"}},
        texts={f"{FOLDER}/prompts/system.md": b"Other."},
    )
    assert (
        summary_line(compare(version(), after))
        == "prompt reworded, 1 tool added (irreversible), budget 40 -> 80 USD/day: loosens"
    )


def test_many_of_a_kind_are_counted_with_the_worst_of_them() -> None:
    more = [{"name": "a", "effect": "read"}, {"name": "b", "effect": "write"}]
    assert summary_line(spec_diff({}, {"tools": [*TOOLS, *more]})) == "2 tools added (write): loosens"


def test_a_long_line_is_cut_and_says_by_how_much() -> None:
    line = summary_line(compare(None, version()))
    assert line.startswith("agent support/refunds added (high risk), 2 tools added (write), ")
    assert line.endswith(" more: loosens")
    assert len(line) < 400


def test_no_change_and_removal() -> None:
    assert summary_line(spec_diff({}, {})) == "no change"
    assert summary_line(compare(version(), None)) == "agent removed: neutral"


def test_what_only_tightens_says_so() -> None:
    assert summary_line(spec_diff({}, {"budget": {"day": "5.00 USD"}})) == "budget 40 -> 5 USD/day: tightens"


def test_environments_are_named() -> None:
    line = summary_line(spec_diff({}, {"environments": {"staging": {"budget": {"day": "6.00 USD"}}}}))
    assert line == "in staging: budget 5 -> 6 USD/day: loosens"
