"""Records: one spelling for each value, whatever it holds, and nothing else is read."""

import json

import msgspec
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from agentgov.errors import IncompleteError
from agentgov.journal.records import from_bytes, to_bytes
from agentgov.model.imported import Imported, Landed
from agentgov.model.incident import DrillRun, Incident, Mark, Objective
from agentgov.model.state import (
    Canary,
    Deployment,
    Head,
    Hold,
    OpenReview,
    Override,
    Pause,
    Pending,
    Prior,
    Production,
    Record,
    Release,
    ReviewedPath,
    Revoked,
    Staging,
    Vote,
)

HOSTILE = [
    *('"', "\\", '\\"', "'", "it's", "a: b", "- a", "# no", "a #b", "&a", "*a", "!tag", "|", ">", "%", "@", "`"),
    *("", " ", " lead", "trail ", "\t", "\n", "a\nb", "a\r\nb", "---", "...", "{}", "[]", "{a: b}", "[a]", ",", "?"),
    *("yes", "No", "ON", "y", "n", "true", "False", "null", "~", "Null", "none"),
    *("0", "-1", "1e5", "0x1f", "0o7", "1_000", "1:30", ".5", ".inf", ".nan", "-.inf", "2024-01-01", "<<", "="),
    *("\x00", "\x07", "\x1b[31m", "\x7f", "\x85", "\u2028", "\u2029", "\ufeff", "\u202e", "\u200b", "é", "e\u0301"),
    *("🚀", "🏳️\u200d🌈", "\U0010ffff", "ä" * 150, "a" * 900, "agents/payments/ä.yaml", "key: &x [*x]", "\\u0041"),
]
TEXT = st.sampled_from(HOSTILE) | st.text(st.characters(codec="utf-8"), max_size=20)
NUMBER = st.integers(0, 2**62)
HEX = st.text("0123456789abcdef", min_size=40, max_size=40)


def some(strategy: st.SearchStrategy[Record], path: str) -> st.SearchStrategy[tuple[str, Record]]:
    """Records of one type with a path where one can stand."""
    return st.tuples(st.just(path), strategy)


reviewed = st.builds(ReviewedPath, path=TEXT, old=TEXT, new=TEXT)
RECORDS = st.one_of(
    some(
        st.builds(
            Head,
            fleet=TEXT,
            introduction=HEX,
            main=HEX,
            governance=TEXT,
            previous_governance=TEXT,
            seq=NUMBER,
            time=NUMBER,
        ),
        "fleet.yaml",
    ),
    some(st.builds(Pending, paths=st.dictionaries(TEXT, TEXT, max_size=5)), "pending.yaml"),
    some(
        st.builds(
            OpenReview,
            by=TEXT,
            verdict=st.sampled_from(["approve", "request-changes"]),
            seq=NUMBER,
            time=NUMBER,
            paths=st.lists(reviewed, max_size=4).map(tuple),
        ),
        "reviews/X.yaml",
    ),
    some(
        st.builds(
            Release,
            name=TEXT,
            tag=HEX,
            commit=HEX,
            closure=TEXT,
            authorised_at=NUMBER,
            seen=NUMBER,
            by=TEXT,
        ),
        "releases/a/b/v1.0.0.yaml",
    ),
    some(
        st.builds(
            Deployment,
            agent=TEXT,
            staging=st.builds(Staging, state=st.sampled_from(["EMPTY", "SOAKING"]), release=TEXT, since=NUMBER),
            canary=st.builds(Canary, release=TEXT, step=NUMBER, share=NUMBER, since=NUMBER),
            production=st.builds(Production, release=TEXT, since=NUMBER),
            prior=st.lists(st.builds(Prior, release=TEXT, since=NUMBER, until=NUMBER), max_size=3).map(tuple),
            bad=st.lists(TEXT, max_size=3).map(tuple),
            withdrawn=st.lists(TEXT, max_size=2).map(tuple),
            votes=st.lists(
                st.builds(Vote, by=TEXT, release=TEXT, stage=st.sampled_from(["canary", "production"]), seq=NUMBER),
                max_size=3,
            ).map(tuple),
            hold=st.none() | st.builds(Hold, by=TEXT, seq=NUMBER, reason=TEXT),
            alarms=st.lists(TEXT, max_size=2).map(tuple),
        ),
        "deployments/a/b.yaml",
    ),
    some(
        st.builds(
            Pause,
            selector=TEXT,
            by=TEXT,
            seq=NUMBER,
            time=NUMBER,
            mode=st.sampled_from(["stop", "read-only"]),
            until=NUMBER,
            reason=TEXT,
        ),
        "pauses/X.yaml",
    ),
    some(
        st.builds(
            Revoked,
            key=TEXT,
            by=TEXT,
            seq=NUMBER,
            time=NUMBER,
            since=NUMBER,
            paths=st.dictionaries(TEXT, NUMBER, max_size=3),
            releases=st.lists(TEXT, max_size=3).map(tuple),
        ),
        "revoked/X.yaml",
    ),
    some(
        st.builds(
            Override,
            by=st.lists(TEXT, max_size=3).map(tuple),
            seq=NUMBER,
            time=NUMBER,
            paths=st.lists(reviewed, max_size=3).map(tuple),
            release=TEXT,
            closures=st.lists(TEXT, max_size=3).map(tuple),
            due=NUMBER,
            confirmed=TEXT,
            reason=TEXT,
        ),
        "overrides/X.yaml",
    ),
    some(
        st.builds(
            Imported,
            by=TEXT,
            bot=TEXT,
            forge=st.sampled_from(("github", "gitlab")),
            account=NUMBER,
            login=TEXT,
            review_id=TEXT,
            commit=HEX,
            opener=NUMBER,
            pushers=st.lists(NUMBER, max_size=3).map(tuple),
            paths=st.lists(TEXT, max_size=3).map(tuple),
        ),
        "imported/X.yaml",
    ),
    some(
        st.builds(
            Incident,
            id=TEXT,
            title=TEXT,
            kind=st.sampled_from(("real", "drill")),
            state=st.sampled_from(("open", "closed")),
            severity=NUMBER,
            agents=st.lists(TEXT, max_size=3).map(tuple),
            opened=st.builds(Mark, by=TEXT, act=TEXT, seq=NUMBER, time=NUMBER),
            ended=st.none() | st.builds(Mark, by=TEXT, act=TEXT, seq=NUMBER, time=NUMBER),
            roles=st.dictionaries(TEXT, TEXT, max_size=3),
            alerts=st.lists(TEXT, max_size=3).map(tuple),
            escalated=NUMBER,
            sent=st.lists(TEXT, max_size=3).map(tuple),
        ),
        "incidents/X.yaml",
    ),
    some(
        st.builds(
            DrillRun,
            name=TEXT,
            type=st.sampled_from(("tabletop", "live", "recovery")),
            agents=st.lists(TEXT, max_size=3).map(tuple),
            by=TEXT,
            act=TEXT,
            seq=NUMBER,
            time=NUMBER,
            started=NUMBER,
            ended=NUMBER,
            score=NUMBER,
            gaps=NUMBER,
            objectives=st.lists(st.builds(Objective, id=TEXT, met=st.booleans(), observed=TEXT), max_size=2).map(tuple),
            incident=TEXT,
        ),
        "drills/X.yaml",
    ),
    some(st.builds(Landed, act=TEXT, withdrawn=st.booleans()), "imported/github/77.yaml"),
)
HEAD = Head(fleet="f", introduction="a", main="b", governance="c", previous_governance="d", seq=3, time=4)


@given(RECORDS)
@settings(max_examples=300)
def test_every_record_reads_back_the_same_here_and_in_yaml(case: tuple[str, Record]) -> None:
    path, record = case
    data = to_bytes(record)
    assert from_bytes(path, data) == record
    assert to_bytes(from_bytes(path, data)) == data
    fields = json.loads(msgspec.json.encode(record))
    if fields.get("formerly") == "":  # which records of earlier versions do not have
        del fields["formerly"]
    assert yaml.safe_load(data) == fields


def test_a_field_of_a_later_version_is_written_only_where_it_says_something() -> None:
    assert b"formerly" not in to_bytes(Deployment(agent="a/b"))
    heir = Deployment(agent="a/b", formerly="a/old")
    assert to_bytes(heir).endswith(b"\nformerly: a/old\n")
    assert from_bytes("deployments/a/b.yaml", to_bytes(heir)) == heir
    with pytest.raises(IncompleteError):
        from_bytes("deployments/a/b.yaml", to_bytes(Deployment(agent="a/b")) + b'formerly: ""\n')


def test_a_character_that_does_not_exist_makes_a_record_unreadable_and_nothing_else() -> None:
    data = to_bytes(Deployment(agent="a/b")).replace(b"a/b", b'"\\Ua0001000"')
    with pytest.raises(IncompleteError):
        from_bytes("deployments/a/b.yaml", data)


@pytest.mark.parametrize("said", HOSTILE)
def test_hostile_text_is_kept_as_it_is(said: str) -> None:
    pause = Pause(selector=said, by="alice", seq=1, time=2, reason=said)
    assert from_bytes("pauses/X.yaml", to_bytes(pause)) == pause
    pending = Pending({said: said, f"{said}x": "y"})
    assert from_bytes("pending.yaml", to_bytes(pending)) == pending


def test_record_is_plain_where_that_is_safe() -> None:
    assert to_bytes(HEAD).decode() == (
        "fleet: f\nintroduction: a\nmain: b\ngovernance: c\npreviousGovernance: d\nseq: 3\ntime: 4\n"
    )
    hold = Deployment(agent="a/b", hold=Hold(by="yes", seq=1, reason='say "no"'))
    assert 'hold:\n  by: "yes"\n  seq: 1\n  reason: "say \\"no\\""\n' in to_bytes(hold).decode()


def test_fifty_thousand_pending_paths_can_be_read() -> None:
    pending = Pending({f"agents/support/a{number}/prompts/system.md": "c" * 40 for number in range(50_000)})
    assert from_bytes("pending.yaml", to_bytes(pending)) == pending


@given(st.data())
@settings(max_examples=300)
def test_no_edit_of_a_record_reads_as_one(data: st.DataObject) -> None:
    path, record = data.draw(RECORDS)
    raw = bytearray(to_bytes(record))
    place = data.draw(st.integers(0, len(raw) - 1))
    raw[place : place + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    try:
        found = from_bytes(path, bytes(raw))
    except IncompleteError:
        return
    assert to_bytes(found) == bytes(raw)


@given(st.binary(max_size=100) | st.text('abc:- \n"\\{}[]01u', max_size=60).map(str.encode))
@settings(max_examples=300)
def test_no_bytes_crash_the_reader(data: bytes) -> None:
    for path in ("fleet.yaml", "pending.yaml", "reviews/X.yaml", "nowhere.yaml", "deployments/a/b.yaml"):
        with pytest.raises(IncompleteError):
            from_bytes(path, data)


@pytest.mark.parametrize(
    "text",
    [
        "fleet: f\nfleet: f\nintroduction: a\nmain: b\ngovernance: c\npreviousGovernance: d\nseq: 3\ntime: 4\n",
        "fleet: f\nintroduction: a\nmain: b\ngovernance: c\npreviousGovernance: d\nseq: 03\ntime: 4\n",
        "fleet: f\nintroduction: a\nmain: b\ngovernance: c\npreviousGovernance: d\nseq: 3\ntime: 4",
        "fleet: f\nintroduction: a\nmain: b\ngovernance: c\npreviousGovernance: d\nseq: 3\ntime: 4\nmore: 1\n",
        "fleet: 'f'\nintroduction: a\nmain: b\ngovernance: c\npreviousGovernance: d\nseq: 3\ntime: 4\n",
        "introduction: a\nfleet: f\nmain: b\ngovernance: c\npreviousGovernance: d\nseq: 3\ntime: 4\n",
        "# a comment\nfleet: f\nintroduction: a\nmain: b\ngovernance: c\npreviousGovernance: d\nseq: 3\ntime: 4\n",
    ],
)
def test_other_spellings_are_refused(text: str) -> None:
    with pytest.raises(IncompleteError, match=r"fleet\.yaml cannot be read"):
        from_bytes("fleet.yaml", text.encode())


def test_a_path_where_no_record_stands_has_none() -> None:
    with pytest.raises(IncompleteError):
        from_bytes("authorised/agentgov.yaml", to_bytes(HEAD))
