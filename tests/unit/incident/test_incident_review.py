"""The review as a file: what is known is written anew, what people wrote is left alone. And the rest that is pure."""

from agentgov.incident.messages import facts_of, fill, marked, unknown_names
from agentgov.incident.review import Findings, write_review
from agentgov.incident.similar import similar_to
from agentgov.incident.timeline import Moment, of_acts, ordered
from agentgov.incident.times import times_of
from agentgov.model.act import Act, new_id
from agentgov.model.incident import Incident, Mark
from agentgov.model.playbook import MESSAGE_NAMES
from agentgov.model.postmortem import split

T0 = 1_764_000_000_000
ID = "2025-1124-k7qd"


def mark(after: int, by: str = "alice", seq: int = 3) -> Mark:
    """A step so many milliseconds after the first."""
    return Mark(by=by, act=new_id(T0 + after, seq), seq=seq, time=T0 // 1000)


def incident(**more: object) -> Incident:
    known: dict[str, object] = {"id": ID, "title": "Promises | refunds", "kind": "real", "state": "resolved"}
    known |= {"severity": 2, "agents": ("support/refunds",), "opened": mark(0), "mitigated": mark(4_200)}
    return Incident(**(known | {"resolved": mark(125_000), "roles": {"lead": "alice"}} | more))  # type: ignore[arg-type]


def findings(*moments: Moment) -> Findings:
    found = incident()
    return Findings(found, times_of(found, began=T0 - 60_000), moments, ["1 agents"], ["what the gate recorded: away"])


def test_it_says_what_is_known_and_asks_for_the_rest() -> None:
    text = write_review(findings(Moment(T0, "act", "act 3", "alice", "open incident", "It | lies\n")), None)
    assert text.startswith(f"---\nincident: {ID}\nseverity: 2\n")
    assert split(text) is not None
    for said in ("| time to detect | 1m 0s |", "| time to mitigate | 4.2s |", "| time to resolve | 2m 5s |"):
        assert said in text
    assert "| 2025-11-24T16:00:00Z | alice | open incident: It \\| lies  | act 3 |" in text
    assert "- not known: what the gate recorded: away" in text
    assert "## What went well" in text


def test_written_again_it_leaves_what_people_wrote() -> None:
    first = write_review(findings(), None)
    own = first.replace("actions: []", "actions:\n  - {id: x, title: y, owner: alice, due: 2026-01-01}")
    own = own.replace("_What worked, so that nobody takes it away by mistake._", "Erin was awake.")
    again = write_review(findings(Moment(T0, "act", "act 3", "alice", "open incident")), own)
    assert "Erin was awake." in again
    assert "owner: alice, due" in again
    assert "open incident" in again
    assert again.replace("| 2025-11-24T16:00:00Z | alice | open incident | act 3 |\n", "") == own
    without = own.replace("<!-- agentgov: timeline -->\n", "")  # somebody took a part over
    assert write_review(findings(Moment(T0, "act", "act 3", "a", "later")), without).count("later") == 0
    assert write_review(findings(), again) == write_review(findings(), write_review(findings(), again))


def test_times_never_run_backwards() -> None:
    found = times_of(incident(mitigated=mark(-5_000)), began=T0 + 10_000)
    assert (found.detect, found.mitigate, found.acknowledge) == (None, None, None)
    within = times_of(incident(mitigated=mark(-5)), began=T0 + 10)  # ids have whole seconds
    assert (within.detect, within.mitigate) == (0, 0)
    waits = times_of(incident(), last_seen=T0 + 9_000, waiting=("support/refunds pod-1",))
    assert waits.obeyed is None
    assert times_of(incident(), last_seen=T0 + 9_000).obeyed == 9_000


def test_what_is_not_known_or_not_over_has_no_time() -> None:
    found = times_of(incident(acknowledged=None, mitigated=None, resolved=None), last_seen=T0 + 9_000)
    assert (found.detect, found.acknowledge, found.mitigate, found.resolve, found.obeyed) == (None,) * 5
    assert times_of(incident(), last_seen=0).obeyed is None
    assert times_of(incident(acknowledged=mark(7_000))).acknowledge == 7_000
    assert [times_of(incident(), began=T0 + late).detect for late in (999, 1_000)] == [0, None]


def test_what_is_filled_in_and_what_is_left() -> None:
    facts = facts_of(incident(), now=T0 // 1000, release="support/refunds/v1.0.0")
    text = "{agent} ({release}) is {status} since {time}; {wether} {{x}} {{agent}}, {lead}"
    said = (
        "support/refunds (support/refunds/v1.0.0) is resolved since 2025-11-24T16:00:04Z; {wether} {x} {agent}, alice"
    )
    assert fill(text, facts) == said
    assert unknown_names(text) == ("{wether}",)
    assert marked(incident(kind="drill"), "x") == "[DRILL] x"
    assert unknown_names(" ".join(f"{{{name}}}" for name in facts)) == ()
    assert set(facts) == set(MESSAGE_NAMES)


def test_a_timeline_has_its_own_steps_and_what_else_happened_then() -> None:
    def act(after: int, kind: str, **fields: str) -> Act:
        return Act(kind, new_id(T0 + after, after % 999), "f", "g", "person:erin", kind, tuple(fields.items()))

    long_after = act(10**9, "incident", Incident=ID)
    acts = [(1, act(-7_200_000, "pause")), (2, act(-1_000, "share")), (3, act(5, "incident", Incident="other"))]
    acts += [(4, act(6, "rollback")), (5, long_after), (6, act(10**9, "promote"))]
    assert [one.place for one in ordered(of_acts(incident(), acts))] == ["act 2", "act 4", "act 5"]


def test_what_is_alike_says_why() -> None:
    here = incident(alerts=("a" * 32,), title="Refunds promised twice")
    same = incident(id="2025-1101-aaaa", alerts=("a" * 32,), title="Refunds promised again", opened=mark(-10, seq=1))
    other = incident(id="2025-1102-bbbb", agents=("sales/quotes",), title="Quotes promised", alerts=())
    (found,) = similar_to(here, [here, same, other])
    assert (found.incident.id, found.score) == ("2025-1101-aaaa", 6)
    assert found.because == ("same agent support/refunds", "same alert aaaaaaaa", "both say promised, refunds")
