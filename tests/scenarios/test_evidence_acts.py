"""Which results may stand in the journal, whose word they take, and that nobody signs a pass below the minimum."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from evidenceworld import BOT, SUITE, EvidenceWorld, agent_with_evals, results
from simulator import TRIAGE

from agentgov.errors import IncompleteError, RefusedError, UsageError
from agentgov.journal.evidence import authors_of, awaited_for, judge_evidence, missing_for
from agentgov.journal.outcome import Outcome
from agentgov.model.act import Act
from agentgov.model.evidence import MAX_RESULTS, Evidence
from agentgov.model.transitions import Refusal

GOOD, POOR = results(passed=98, failed=2), results(passed=96, failed=4)


def changed(act: Act, **fields: str | None) -> Act:
    """The act with trailers set, or (None) taken away."""
    names = {name.replace("_", "-"): value for name, value in fields.items()}
    kept = [(key, names.get(key, value)) for key, value in act.fields]
    return replace(act, fields=tuple((key, value) for key, value in kept if value is not None))


def refused(asked: EvidenceWorld, act: Act) -> str:
    found = judge_evidence(asked.known(), act, asked.clock())
    assert isinstance(found, Refusal), found
    assert found.message
    return found.code


def recorded(asked: EvidenceWorld, act: Act) -> Evidence:
    found = judge_evidence(asked.known(), act, asked.clock())
    assert isinstance(found, Outcome), found
    (record,) = found.changes.values()
    assert isinstance(record, Evidence)
    return record


def test_a_result_stands_for_the_content_of_its_release(asked: EvidenceWorld) -> None:
    release = asked.recorded("1.0.0")
    act = asked.draft("erin", "1.0.0", GOOD).act
    record = recorded(asked, act)
    assert (record.agent, record.closure) == (str(TRIAGE), release.closure)
    (result,) = record.results
    assert (result.kind, result.suite, result.passed, result.by) == ("eval", SUITE, True, "person:erin")
    assert dict(result.metrics) == {"pass_rate": "0.98", "tests": "100"}
    assert (result.digest, result.tool, result.release) == (GOOD.digest, "probe", release.tag)
    assert act.subject == f"add eval evidence for {TRIAGE} v1.0.0: passed"


def test_a_bot_adds_results_too(asked: EvidenceWorld) -> None:
    (result,) = recorded(asked, asked.draft(BOT, "1.1.0", POOR).act).results
    assert (result.passed, result.by) == (False, f"bot:{BOT}")


Forge = Callable[[Act], Act]
FORGED: list[tuple[str, Forge]] = [
    ("evidence.threshold", lambda act: changed(act, Metric="pass_rate 0.9699")),
    ("evidence.threshold", lambda act: replace(act, fields=tuple(one for one in act.fields if one[0] != "Metric"))),
    ("evidence.result", lambda act: changed(act, Result="failed")),
    ("evidence.result", lambda act: changed(act, Result="splendid")),
    ("evidence.result", lambda act: changed(act, Metric="pass_rate NaN")),
    ("evidence.result", lambda act: changed(act, Metric="pass_rate 1e9")),
    ("evidence.result", lambda act: changed(act, Metric="pass_rate 0.980")),
    ("evidence.result", lambda act: changed(act, Metric="pass_rate")),
    ("evidence.result", lambda act: changed(act, Metric="pass rate 1")),
    ("evidence.result", lambda act: replace(act, fields=(*act.fields, ("Metric", "pass_rate 1")))),
    ("evidence.result", lambda act: replace(act, fields=(*act.fields, ("Metric", "a 1")))),
    ("evidence.result", lambda act: changed(act, Digest="0" * 63)),
    ("evidence.result", lambda act: changed(act, Tool="a tool")),
    ("evidence.result", lambda act: changed(act, Kind="Eval")),
    ("evidence.result", lambda act: changed(act, Suite="evals/other.yaml")),
    ("evidence.result", lambda act: changed(act, Suite=None)),
    ("evidence.release", lambda act: changed(act, Release="support/triage/v9.0.0 a b c")),
    ("evidence.release", lambda act: changed(act, Release=act.get("Release")[:-1] + "0" * 1 + "0")),
    ("evidence.release", lambda act: changed(act, Release="v1.0.0")),
    ("evidence.release", lambda act: changed(act, Agent="finance/payroll")),
    ("evidence.own-change", lambda act: replace(act, actor="person:alice")),
]


def test_a_forged_result_is_refused_by_every_verifier(asked: EvidenceWorld) -> None:
    good = asked.draft("erin", "1.0.0", GOOD).act
    few = replace(good, fields=tuple(one for one in good.fields if one[1] != "tests 100"))
    for code, forge in FORGED:
        act = forge(few if code == "evidence.threshold" else good)
        assert refused(asked, act) == code, act


def test_nobody_vouches_for_what_they_wrote_or_released(asked: EvidenceWorld) -> None:
    asked.clock.pass_(60)
    commit = asked.change(
        "bob", {f"{TRIAGE.folder}/prompts/system.md": "By bob.\n"}, "By bob\n\nCo-authored-by: Erin <erin@sim.example>"
    )
    asked.review("alice", commit)
    asked.advance(commit)
    asked.release("alice", TRIAGE, "1.2.0")
    asked.run()
    assert authors_of(asked.known(), asked.recorded("1.2.0")) == {"bob", "erin"}
    for who in ("alice", "bob", "erin"):  # signed it, wrote it, wrote it too
        assert refused(asked, asked.draft(who, "1.2.0", GOOD).act) == "evidence.own-change"
    # of the release before, bob and erin wrote nothing
    for who in ("bob", "erin"):
        recorded(asked, asked.draft(who, "1.1.0", GOOD).act)
    recorded(asked, asked.draft(BOT, "1.2.0", GOOD).act)


def test_a_second_tag_on_a_content_makes_its_author_no_stranger(asked: EvidenceWorld) -> None:
    asked.clock.pass_(60)
    asked.tag("bob", TRIAGE, "1.1.1", asked.recorded("1.1.0").commit)
    asked.run()
    for who in ("alice", "bob"):  # wrote it and signed its first tag, signed its second
        assert refused(asked, asked.draft(who, "1.1.1", GOOD).act) == "evidence.own-change"
    recorded(asked, asked.draft("erin", "1.1.1", GOOD).act)


def test_whose_word_it_takes(asked: EvidenceWorld) -> None:
    for who, code in [("dave", "authority.permission"), ("reconciler", "authority.bot-kind")]:
        with pytest.raises(RefusedError, match=code):
            asked.add(who, "1.0.0", GOOD)


def test_a_later_result_takes_the_place_of_an_earlier_one(asked: EvidenceWorld) -> None:
    release = asked.recorded("1.0.0")
    asked.add("erin", "1.0.0", GOOD)
    asked.add(BOT, "1.0.0", results(passed=3), kind="security")
    assert awaited_for(asked.known(), release, "canary") == ()
    asked.add(BOT, "1.0.0", POOR)
    record = asked.known().state.evidence(TRIAGE, release.closure)
    assert record is not None
    assert [(one.kind, one.passed) for one in record.results] == [("eval", False), ("security", True)]
    assert awaited_for(asked.known(), release, "canary") == (f"eval {SUITE} failed: pass_rate 0.96, needs 0.97",)
    assert awaited_for(asked.known(), release, "pass") == (f"eval {SUITE} failed",)
    asked.check()


def test_the_law_asks_for_evaluations_from_the_first_result_on(asked: EvidenceWorld) -> None:
    """A journal of an earlier version holds canaries without results, and stays as valid as it was."""
    view, old, new = asked.known(), asked.recorded("1.0.0"), asked.recorded("1.1.0")
    waits = (f"eval {SUITE}",)
    assert [missing_for(view, new, stage) for stage in ("staging", "pass", "canary", "production")] == [
        (),
        ("eval",),
        (),
        (),
    ]
    assert [awaited_for(view, new, stage) for stage in ("canary", "production")] == [waits, waits]
    asked.add("erin", "1.0.0", GOOD)
    view = asked.known()
    assert [missing_for(view, new, stage) for stage in ("canary", "production")] == [waits, waits]
    assert [missing_for(view, old, stage) for stage in ("canary", "production")] == [(), ()]


def test_a_content_that_names_no_suite_wants_every_test_to_pass(asked: EvidenceWorld) -> None:
    asked.write("No suites.", by="alice")
    commit = asked.change("alice", {TRIAGE.file: agent_with_evals().replace("  evals:", "  x-evals:")})
    asked.review("bob", commit)
    asked.advance(commit)
    asked.release("alice", TRIAGE, "1.2.0")
    asked.run()
    assert recorded(asked, asked.draft("erin", "1.2.0", results(passed=3)).act).results[0].passed
    assert not recorded(asked, asked.draft("erin", "1.2.0", results(passed=3, errors=1)).act).results[0].passed
    assert not recorded(asked, asked.draft("erin", "1.2.0", results(accuracy=1.0)).act).results[0].passed
    with pytest.raises(UsageError, match="has no evaluation"):
        asked.draft("erin", "1.2.0", GOOD, suite=SUITE)


def test_a_content_has_so_many_results_and_no_more(asked: EvidenceWorld) -> None:
    one = results(passed=1)
    suites = [f"suite-{number}" for number in range(MAX_RESULTS)]
    asked.append(*(asked.draft(BOT, "1.0.0", one, kind="test", suite=suite) for suite in suites), by=BOT)
    act = asked.draft(BOT, "1.0.0", one, kind="test", suite="one-more").act
    assert refused(asked, act) == "evidence.full"
    recorded(asked, asked.draft(BOT, "1.0.0", results(failed=1), kind="test", suite="suite-7").act)


def test_a_release_that_the_journal_has_not_seen_is_waited_for(asked: EvidenceWorld) -> None:
    with pytest.raises(IncompleteError, match="has not seen"):
        asked.draft(BOT, "9.0.0", GOOD)
