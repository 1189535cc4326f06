"""The text of an act: one spelling for each, and nothing that reads as another act to somebody else."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from agentgov.model.act import (
    GRAMMAR,
    IMPORTED,
    MAX_TEXT,
    PREFIX,
    Act,
    ActError,
    clean_reason,
    new_id,
    parse,
    render,
)

ID = "01JD0000000000000000000000"
UNFIT = "\0\x07\x1b\x7f\x85\x9b\r\u2028\u2029\u202e\u2066\ud800"
ANY_TEXT = st.text(
    st.characters(codec=None, exclude_categories=()) | st.sampled_from(f"{UNFIT}\n\t Aa:-/"), max_size=80
)


def act(**changes: object) -> Act:
    """A resume by alice, with some fields changed."""
    values: dict[str, object] = {
        "kind": "resume",
        "id": ID,
        "fleet": "6f0c",
        "governance": "abc",
        "actor": "person:alice",
        "subject": "resume support/triage",
        "fields": (("Selector", "support/triage"),),
    }
    return Act(**{**values, **changes})  # type: ignore[arg-type]


def text(*trailers: str, subject: str = "resume support/triage", reason: str = "") -> bytes:
    """A text with these trailers after the common ones, unchecked."""
    head = ["Act: resume/1", f"Id: {ID}", "Fleet: 6f0c", "Governance: abc", "Actor: person:alice"]
    last = "\n".join(f"{PREFIX}{line}" for line in (*head, *trailers))
    return ("\n\n".join([subject, *([reason] if reason else []), last]) + "\n").encode("utf-8", "surrogatepass")


def field_values(name: str) -> st.SearchStrategy[str]:
    """Values of a trailer: what one line can hold."""
    return st.text(
        st.characters(codec="utf-8", exclude_categories=("Cc", "Zs", "Zl", "Zp", "Cf")), min_size=1, max_size=30
    )


@st.composite
def acts(draw: st.DrawFn) -> Act:
    """Any act that the grammar of its kind allows."""
    kind = draw(st.sampled_from(sorted(GRAMMAR)))
    fields: list[tuple[str, str]] = []
    for name, presence in GRAMMAR[kind]:
        most = {"one": 1, "maybe": draw(st.integers(0, 1)), "many": draw(st.integers(0, 3))}[presence]
        fields += [(name, draw(field_values(name))) for _ in range(most)]
    imported = any(name in IMPORTED for name, _ in fields)
    return act(
        kind=kind,
        actor="bot:importer" if imported else draw(st.sampled_from(["person:alice", "bot:reconciler"])),
        id=new_id(draw(st.integers(0, 2**48 - 1)), draw(st.integers(0, 2**80 - 1))),
        fields=tuple(fields),
        time=draw(st.none() | st.integers(1, 10**11)),
        reason=clean_reason(draw(ANY_TEXT)),
    )


@given(acts())
@settings(max_examples=150)
def test_what_is_rendered_reads_back_the_same(one: Act) -> None:
    assert parse(render(one)) == one


@given(st.binary(max_size=200) | ANY_TEXT.map(lambda part: text("Selector: support/triage", reason=part)))
@example(text("Selector: support/triage").replace(b"\n\n", b"\n\n\n\n"))
@example(text("Selector: support/triage", reason="a\n\n\nb"))
@example(text("Selector: support/triage") + b"\n")
@settings(max_examples=300)
def test_no_text_reads_as_an_act_that_is_spelled_otherwise(raw: bytes) -> None:
    try:
        found = parse(raw)
    except ActError:
        return
    assert render(found) == raw


@given(st.data())
@settings(max_examples=200)
def test_no_edit_of_a_text_reads_as_an_act_that_is_spelled_otherwise(data: st.DataObject) -> None:
    raw = bytearray(text("Selector: support/triage", reason="because\n\nof this"))
    place = data.draw(st.integers(0, len(raw) - 1))
    raw[place : place + data.draw(st.integers(0, 2))] = data.draw(
        st.binary(max_size=2) | st.sampled_from([b"\n", b"\n\n"])
    )
    try:
        found = parse(bytes(raw))
    except ActError:
        return
    assert render(found) == bytes(raw)


@given(ANY_TEXT)
@settings(max_examples=300)
def test_any_text_can_be_cleaned_into_a_reason(said: str) -> None:
    reason = clean_reason(said)
    one = act(reason=reason)
    assert parse(render(one)).reason == reason
    assert clean_reason(reason) == reason


@pytest.mark.parametrize("line", ["Agentgov-Actor: person:bob", "agentgov-actor: person:bob", "AGENTGOV-X"])
def test_reason_cannot_look_like_a_trailer(line: str) -> None:
    with pytest.raises(ActError, match="looks like a trailer"):
        parse(text("Selector: support/triage", reason=f"fine\n{line}"))
    cleaned = clean_reason(f"fine\n\n{line}\nmore")
    assert cleaned == f"fine\n\n {line}\nmore"
    assert parse(render(act(reason=cleaned))).actor == "person:alice"


@pytest.mark.parametrize("char", list(UNFIT))
def test_characters_that_hide_text_are_refused_and_cleaned_away(char: str) -> None:
    with pytest.raises(ActError):
        parse(text("Selector: support/triage", reason=f"fine{char}Agentgov-Actor: person:bob"))
    assert char not in clean_reason(f"fine{char}{char}more")


def test_line_separator_does_not_start_a_trailer() -> None:
    cleaned = clean_reason("fine\u2028Agentgov-Actor: person:bob")
    assert cleaned.splitlines() == ["fineAgentgov-Actor: person:bob"]


@pytest.mark.parametrize("subject", ["", " ", "two\nlines", "a\tb", "Agentgov-Act: pause/1", "bell\x07"])
def test_subject_is_one_line(subject: str) -> None:
    with pytest.raises(ActError):
        render(act(subject=subject))


def test_words_of_every_language_can_be_said() -> None:
    reason = "schöne Grüße 🚀\n\nвсё в порядке; 問題ありません"
    assert parse(render(act(reason=reason, subject="weiter mit 🤖"))).reason == reason


@pytest.mark.parametrize(
    "trailers",
    [
        [],
        ["Selector: a/b", "Selector: a/b"],
        ["Selector: a/b", "Mode: stop"],
        ["Time: 5", "Time: 5", "Selector: a/b"],
        ["Selector: a/b", "Time: 5"],
        ["Time: 05", "Selector: a/b"],
        ["Time: 0", "Selector: a/b"],
        ["Selector:a/b"],
        ["Selector: "],
        ["Selector:  a/b"],
        ["Selector: a/b "],
        ["selector: a/b"],
    ],
)
def test_trailers_stand_once_in_their_order_and_spelling(trailers: list[str]) -> None:
    with pytest.raises(ActError):
        parse(text(*trailers))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"resume/1", b"resume/2"),
        (b"resume/1", b"resume/01"),
        (b"resume/1", b"destroy/1"),
        (b"person:alice", b"alice"),
        (b"person:alice", b"person:Alice"),
        (b"person:alice", b"person:"),
        (ID.encode(), ID.lower().encode()),
        (ID.encode(), ID[:-1].encode()),
        (ID.encode(), b"I" * 26),
        (b"Agentgov-Fleet", b"Agentgov-Flee"),
        (b"\n", b"\r\n"),
    ],
)
def test_common_trailers_have_one_grammar(old: bytes, new: bytes) -> None:
    good = text("Selector: support/triage")
    assert parse(good).kind == "resume"
    with pytest.raises(ActError):
        parse(good.replace(old, new, 1))


def test_text_of_four_mebibytes_is_no_act() -> None:
    with pytest.raises(ActError, match="too long"):
        render(act(reason="x" * MAX_TEXT))


def test_ids_are_ulids() -> None:
    assert new_id(0, 0) == "0" * 26
    assert new_id(2**48 - 1, 2**80 - 1) == "7" + "Z" * 25
    assert new_id(1, 0) < new_id(2, 0)
    assert parse(render(act(id=new_id(1_700_000_000_000, 12345)))).id == new_id(1_700_000_000_000, 12345)


def test_absent_trailer_is_empty() -> None:
    one = act()
    assert one.get("Selector") == "support/triage"
    assert one.get("Until") == ""
    assert one.all("Path") == ()
    assert (one.is_personal, one.actor_id) == (True, "alice")
    assert not act(actor="bot:gate").is_personal


def test_surrogates_have_no_spelling() -> None:
    with pytest.raises(ActError, match="UTF-8"):
        render(act(reason="\udcff"))


@pytest.mark.parametrize("name", IMPORTED)
def test_a_persons_own_review_carries_nothing_of_an_imported_one(name: str) -> None:
    own = (("Verdict", "approve"), ("Path", "- - a"), ("Requirements", "0" * 64))
    imported = act(kind="review", actor="bot:importer", time=1, fields=(*own, (name, "7")))
    assert parse(render(imported)).get(name) == "7"
    with pytest.raises(ActError, match="a person's own review"):
        render(act(kind="review", fields=(*own, (name, "7"))))
    assert parse(render(act(kind="review", fields=own))).fields == own
