"""How long a record is kept: by the class of its agent when it was made, the longest of several, for ever in doubt."""

import pytest

from agentgov.model.policies import HoldMatch, LegalHold, Retention, RetentionClass
from agentgov.runtime.holds import About, Holds
from agentgov.runtime.retention import END, PRUNED, Noted, Rules

DAY = 86_400_000
CLASSES = {
    "short": RetentionClass("1d", "2d"),
    "long": RetentionClass("10d", "20d"),
    "counsel": RetentionClass("5d", "40d", privileged=True),
}


def rules(*noted: Noted, default: str = "", hold: str = "", agent: str = "w/a") -> Rules:
    holds = (LegalHold("case", HoldMatch((hold,)), "carol"),) if hold else ()
    return Rules(Retention(CLASSES, default, holds), {agent: noted})


def names(by: Rules, *times: int) -> list[str]:
    return [by.of("w/a", "action", time).name for time in times]


def test_a_record_is_kept_by_the_class_that_its_agent_had_when_it_was_made() -> None:
    by = rules(Noted(100, "production", "short"), Noted(200, "production", "long"))
    assert names(by, 0, 100, 199, 200, END) == ["short", "short", "short", "long", "long"]
    kept = by.of("w/a", "action", 100)
    assert (kept.payload_until(DAY + 150), kept.leaf_until(2 * DAY + 150)) == (150, 150)
    assert (kept.payload_until(9 * DAY), kept.leaf_until(9 * DAY)) == (200, 200)  # what came after is kept otherwise


def test_of_several_classes_each_part_is_kept_as_by_the_longest() -> None:
    by = rules(Noted(1, "staging", "long"), Noted(1, "production", "short"), Noted(1, "canary", "counsel"))
    kept = by.of("w/a", "action", 5)
    assert (kept.payload, kept.leaf, kept.said, kept.name) == (10 * DAY, 40 * DAY, ("10d", "40d"), "counsel")
    later = rules(Noted(1, "production", "short"), Noted(9, "canary", "long"))
    assert names(later, 8, 9) == ["short", "long"]


@pytest.mark.parametrize(
    ("staging", "production", "default", "name"),
    [("", "short", "long", "short"), ("", "", "long", "long"), ("short", "short", "long", "short"), ("", "", "", "")],
)
def test_the_default_is_for_whom_no_release_names_a_class(
    staging: str, production: str, default: str, name: str
) -> None:
    by = rules(Noted(1, "staging", staging), Noted(1, "production", production), default=default)
    assert names(by, 5) == [name]
    assert by.of("w/other", "action", 5).name == default


def test_what_governance_does_not_define_keeps_for_ever_beside_what_it_does() -> None:
    for noted in ((Noted(1, "staging", "gone"),), (Noted(1, "staging", "gone"), Noted(1, "production", "short"))):
        kept = rules(*noted).of("w/a", "action", 5)
        assert (kept.payload, kept.leaf) == (None, None)
        assert (kept.payload_until(END), kept.leaf_until(END)) == (0, 0)


def test_a_hold_keeps_both_parts_whatever_the_class() -> None:
    held, free = (rules(Noted(1, "production", "short"), hold=whom).of("w/a", "action", 5) for whom in ("w/*", "x/*"))
    assert (held.hold, held.payload_until(9 * DAY), held.leaf_until(9 * DAY)) == ("case", 0, 0)
    assert (free.hold, free.payload_until(9 * DAY), free.leaf_until(9 * DAY)) == ("", 8 * DAY, 7 * DAY)


def test_what_knows_the_labels_of_agents_says_what_a_hold_by_label_keeps() -> None:
    hold = LegalHold("case", HoldMatch(labels={"domain": "pay"}), "carol")
    retention = Retention(CLASSES, "short", (hold,))
    knowing = Holds((hold,), labels_of=lambda _: frozenset[tuple[str, str]]())
    found = [by.of("w/a", "action", 5).hold for by in (Rules(retention), Rules(retention, None, knowing))]
    assert found == ["case", ""]


def test_records_of_disposal_that_are_about_no_agent_outlast_all_others() -> None:
    by = rules(Noted(1, "production", "short"), default="short")
    of = [by.of(agent, kind, 5) for agent, kind in (("", PRUNED), ("", "redacted"), ("", "read"), ("w/a", PRUNED))]
    assert [(one.payload, one.leaf) for one in of] == [(10 * DAY, 40 * DAY)] * 2 + [(DAY, 2 * DAY)] * 2


def test_without_any_governance_everything_is_kept() -> None:
    by = Rules(None)
    assert (by.shortest, by.longest, by.has_holds) == (None, None, False)
    assert [by.of(*about, 5).payload for about in (("w/a", "action"), ("", PRUNED))] == [None, None]
    assert (rules().shortest, rules().longest) == (DAY, 40 * DAY)


def test_whose_records_are_privileged_is_told_by_every_class_that_they_had() -> None:
    now = rules(Noted(1, "production", "short"))
    once = rules(Noted(1, "production", "counsel"), Noted(9, "production", "gone"), Noted(10, "production", "short"))
    elsewhere = rules(Noted(1, "production", "short"), default="counsel")  # which is nobody's
    assert [by.privileged_as("w/a") for by in (now, once, elsewhere)] == [set(), {"counsel"}, set()]
    assert [by.ever_privileged("w/a") for by in (now, once, elsewhere)] == [False, True, False]
    assert elsewhere.privileged_as("w/other") == {"counsel"}
    noted = {"w/a": [Noted(1, "production", "counsel")], "v/b": [Noted(1, "production", "short")]}
    assert Rules(Retention(CLASSES), noted).privileged_trees() == {"w"}


def held(match: HoldMatch, *about: About, **known: frozenset[tuple[str, str]] | None) -> list[bool]:
    """Which records a hold keeps; `w/new` is what `w/old` is called today."""
    hold = LegalHold("case", match, "carol")
    labels = {f"w/{name}": labels for name, labels in known.items()}
    by = Holds((hold,), known_as=lambda old: ("w/new",) if old == "w/old" else (), labels_of=labels.get)
    return [by.of(one) == "case" for one in about]


def test_a_hold_keeps_whole_days_in_utc() -> None:
    about = [About("w/a", time) for time in (2 * DAY - 1, 2 * DAY, 4 * DAY - 1, 4 * DAY)]
    assert held(HoldMatch(since="1970-01-03", until="1970-01-04"), *about) == [False, True, True, False]
    assert held(HoldMatch(since="1970-01-03"), *about) == [False, True, True, True]
    assert held(HoldMatch(until="1970-01-04"), *about) == [True, True, True, False]
    assert held(HoldMatch(until="9999-12-31"), *about) == [True] * 4  # after it comes no day


def test_a_hold_means_agents_by_pattern_and_what_is_about_none_only_by_all() -> None:
    about = [About(agent, 1) for agent in ("w/a", "v/a", "")]
    for agents, found in (((), [True] * 3), (("**",), [True] * 3), (("w/*",), [True, False, False])):
        assert held(HoldMatch(agents), *about) == found
    assert held(HoldMatch(("w/*", "v/*")), *about) == [True, True, False]


def test_a_hold_means_tools_and_subjects_that_it_names() -> None:
    rows = (("refund", "ada"), ("mail", "ada"), ("refund", "bob"))
    about = [About("w/a", 1, tool, subject) for tool, subject in rows]
    assert held(HoldMatch(tools=("refund",)), *about) == [True, False, True]
    assert held(HoldMatch(subjects=("ada",)), *about) == [True, True, False]
    assert held(HoldMatch(tools=("refund",), subjects=("ada",)), *about) == [True, False, False]


def test_an_agent_that_moved_is_held_by_either_id_and_by_the_labels_of_both() -> None:
    old = About("w/old", 1)
    assert held(HoldMatch(("w/new",)), old, About("w/new", 1), About("w/a", 1)) == [True, True, False]
    pay, gold = ("domain", "pay"), ("tier", "gold")
    both = HoldMatch(labels=dict((pay, gold)))
    assert held(both, old, old=frozenset({pay}), new=frozenset({gold})) == [True]
    assert held(both, old, old=frozenset({pay}), new=frozenset()) == [False]
    assert held(both, old, old=frozenset({pay}), new=None) == [True]  # nobody can tell
    assert held(both, About("", 1)) == [False]
