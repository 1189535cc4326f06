"""Edits of access.yaml: in whatever style it is written, one small change, every other character as it was."""

import difflib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from gitworld import make_key, public_key
from hypothesis import given, settings
from hypothesis import strategies as st

from agentgov.errors import AgentgovError, ConfigurationError, UsageError
from agentgov.model.access import Bot, ForgeAccount, Person
from agentgov.scaffold.access_edit import (
    Edited,
    add_bot,
    add_key,
    add_person,
    remove_bot,
    remove_key,
    remove_person,
    set_administrator,
    set_threshold,
)
from agentgov.trust.keys import parse_public_key

ACME = (Path(__file__).resolve().parents[3] / "examples/acme/governance/access.yaml").read_text()
HEAD = "apiVersion: agentgov.dev/v1\nkind: Access\n"
GINA = Person(id="gina", name="Gina Rossi", emails=("gina@acme.example",))


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("keys")
    return [public_key(make_key(folder, f"key-{number}")) for number in range(4)]


def changes(edited: Edited) -> list[str]:
    """The lines that differ, with their signs."""
    told = difflib.unified_diff(edited.before.splitlines(), edited.after.splitlines(), n=0, lineterm="")
    return [line for line in told if line[:1] in "+-" and line[:3] not in ("+++", "---")]


# --- the example -----------------------------------------------------------------------------------------------------


def test_a_person_comes_with_key_account_team_and_office(keys: list[str]) -> None:
    person = Person(GINA.id, GINA.name, GINA.emails, (keys[0],), ForgeAccount("acme-gina", 900000009))
    edited = add_person(ACME, person, administrator=True, teams=("platform",))
    assert changes(edited) == [
        "-administrators: {who: [carol, dave], threshold: 2}",
        "+administrators: {who: [carol, dave, gina], threshold: 2}",
        "+  - id: gina",
        "+    name: Gina Rossi",
        "+    emails: [gina@acme.example]",
        "+    github: {login: acme-gina, id: 900000009}",
        "+    keys:",
        f'+      - "{keys[0]}"',
        '-  - {id: platform, members: [carol, dave], handles: ["@acme/platform"]}',
        '+  - {id: platform, members: [carol, dave, gina], handles: ["@acme/platform"]}',
    ]
    assert edited.access.people[-1] == person


def test_a_second_key_of_a_person_and_of_a_bot_is_one_line(keys: list[str]) -> None:
    for holder in ("carol", "frank", "gate"):
        edited = add_key(ACME, holder, keys[0])
        assert changes(edited) == [f'+      - "{keys[0]}"']
        assert remove_key(edited.after, holder, parse_public_key(keys[0]).fingerprint).after == ACME


def test_a_bot_comes_in_the_lines_of_bots(keys: list[str]) -> None:
    edited = add_bot(ACME, Bot("forge", "importer", (keys[0],)))
    assert changes(edited) == ["+  - id: forge", "+    kind: importer", "+    keys:", f'+      - "{keys[0]}"']
    assert remove_bot(edited.after, "forge").after == ACME


def test_the_threshold_is_one_character() -> None:
    assert changes(set_threshold(ACME, 1))[1] == "+administrators: {who: [carol, dave], threshold: 1}"
    assert set_threshold(ACME, 2).after == ACME


def test_who_leaves_is_nowhere_any_more() -> None:
    edited = remove_person(ACME, "alice")
    assert "alice" not in edited.after
    assert "# contain, take that back" in edited.after
    assert not any(line.startswith("+") and "#" in line for line in changes(edited))


# --- styles ----------------------------------------------------------------------------------------------------------

PEOPLE: dict[str, tuple[str, str]] = {
    "lines": ("people:\n  - id: carol\n    keys:\n      - KEY\n", "  - id: gina\n"),
    "lines without indent": ("people:\n- id: carol\n  keys:\n  - KEY\n", "- id: gina\n"),
    "lines far in": ("people:\n      - id: carol\n        keys: [KEY]\n", "      - id: gina\n"),
    "brackets in lines": ("people:\n  - {id: carol, keys: [KEY]}\n", "  - {id: gina, "),
    "brackets": ("people: [{id: carol, keys: [KEY]}]\n", ", {id: gina, "),
    "brackets over lines": (
        "people: [\n  {id: carol, keys: [KEY]}  # the founder\n]\n",
        "\n  {id: gina, ",
    ),
    "brackets over lines, comma last": ("people: [\n  {id: carol, keys: [KEY]},\n]\n", "\n  {id: gina, "),
    "brackets closed on the line": ("people: [{id: carol,\n  keys: [KEY]}]\n", "}, {id: gina"),
    "a comment behind": ("people:\n  - id: carol  # founder\n    keys: [KEY]  # laptop\n", "  - id: gina\n"),
    "a comment of the last one": (
        "people:\n  - id: carol\n    keys: [KEY]\n    # github: {login: c, id: 1}\n",
        "  - id: gina\n",
    ),
    "a comment below": ("people:\n  - id: carol\n    keys: [KEY]\n# the machines\n", "  - id: gina\n"),
    "a dash alone": ("people:\n  -\n    id: carol\n    keys: [KEY]\n", "  - id: gina\n"),
    "a dash with a comment": (
        "people:\n  -  # the founder\n    # of it all\n    id: carol\n    keys: [KEY]\n",
        "- id: gina",
    ),
    "quoted keys": ("\"people\":\n  - 'id': \"carol\"\n    'keys': [KEY]\n", "  - id: gina\n"),
    "an end of the document": ("people:\n  - {id: carol, keys: [KEY]}\n...\n", "  - {id: gina, "),
    "a text over lines": (
        "people:\n  - id: carol\n    keys: [KEY]\n    name: >-\n      Carol\n      O\n\n\n",
        "  - id: gina",
    ),
    "a blank line between": ("people:\n\n  - id: carol\n    keys: [KEY]\n\n", "  - id: gina\n"),
    "an anchor that nobody uses": ("people: &people\n  - &carol {id: carol, keys: [KEY]}\n", "  - {id: gina, "),
    "words in another script": (
        "people:\n  - id: carol\n    name: Ćarol 🦊\n    keys: [KEY]  # ключ\n",
        "  - id: gina\n",
    ),
    "one space": ("people:\n - id: carol\n   keys:\n    - KEY\n", " - id: gina\n"),
    "windows": ("people:\r\n  - id: carol\r\n    keys: [KEY]\r\n", "  - id: gina\r\n"),
    "no last newline": ("people:\n  - id: carol\n    keys: [KEY]", "\n  - id: gina"),
}


@pytest.mark.parametrize("name", PEOPLE)
@pytest.mark.parametrize("behind", ["", "x-notes: {a: 1}   # kept\n"], ids=["last", "not last"])
def test_a_person_is_added_in_the_style_that_is_there(name: str, behind: str, keys: list[str]) -> None:
    people, written = PEOPLE[name]
    head = HEAD + "administrators: {who: [carol], threshold: 1}\n"
    behind = "" if name in ("an end of the document", "no last newline") else behind
    text = head + people.replace("KEY", f'"{keys[0]}"') + behind
    if name == "windows":
        text = text.replace("\r\n", "\n").replace("\n", "\r\n")
    edited = add_person(text, Person(GINA.id, GINA.name, GINA.emails, (keys[1],)))
    assert written in edited.after
    assert only_added(edited)
    assert edited.after.endswith("\n") == text.endswith("\n")
    assert [person.id for person in edited.access.people] == ["carol", "gina"]


@pytest.mark.parametrize("name", PEOPLE)
def test_a_key_is_added_and_taken_out_in_the_style_that_is_there(name: str, keys: list[str]) -> None:
    text = HEAD + "administrators: {who: [carol]}\n" + PEOPLE[name][0].replace("KEY", f'"{keys[0]}"')
    if name == "windows":
        text = text.replace("\r\n", "\n").replace("\n", "\r\n")
    edited = add_key(text, "carol", keys[1])
    assert only_added(edited)
    assert edited.access.people[0].keys == (keys[0], keys[1])
    assert remove_key(edited.after, "carol", keys[1]).after == text
    rest = remove_key(edited.after, "carol", keys[0])
    assert rest.access.people[0].keys == (keys[1],)
    assert rest.after.count("#") == text.count("#")


ADMINISTRATORS = {
    "brackets": ("{who: [carol, dave], threshold: 1}", "{who: [carol, dave], threshold: 2}"),
    "default": ("{who: [carol, dave]}", "{who: [carol, dave], threshold: 2}"),
    "lines": ("\n  who: [carol, dave]  # both\n  threshold: 1   # for now", "threshold: 2   # for now"),
    "lines, default": ("\n  who:\n    - carol\n    - dave  # she too", "    - dave  # she too\n  threshold: 2\n"),
    "quoted": ('{"who": ["carol", "dave"], "threshold": 1}', '{"who": ["carol", "dave"], "threshold": 2}'),
}


@pytest.mark.parametrize("name", ADMINISTRATORS)
def test_a_threshold_is_set_in_the_style_that_is_there(name: str, keys: list[str]) -> None:
    before, after = ADMINISTRATORS[name]
    people = f'people:\n  - {{id: carol, keys: ["{keys[0]}"]}}\n  - {{id: dave, keys: ["{keys[1]}"]}}\n'
    edited = set_threshold(f"{HEAD}administrators: {before}\n{people}", 2)
    assert after in edited.after
    assert edited.access.administrators.threshold == 2


def test_the_first_of_a_list_is_written_in_lines(keys: list[str]) -> None:
    text = f'{HEAD}administrators: {{who: [carol]}}\npeople:\n  - id: carol\n    keys: ["{keys[0]}"]\n'
    text += "bots:\n  - id: r\n    kind: reconciler\n    keys: []      # of the reconciler\n  - {id: g, kind: gate}\n"
    edited = add_key(add_key(text, "r", keys[1]).after, "g", keys[2])
    assert f'    keys:      # of the reconciler\n      - "{keys[1]}"\n' in edited.after
    assert f'  - {{id: g, kind: gate, keys: ["{keys[2]}"]}}\n' in edited.after
    assert remove_key(edited.after, "r", keys[1]).after.count("    keys: []      # of the reconciler\n") == 1


# --- refusals --------------------------------------------------------------------------------------------------------


@pytest.mark.attack("K10")
def test_one_key_on_two_people_is_refused_before_it_is_written(keys: list[str]) -> None:
    shared = add_key(ACME, "carol", keys[0]).after
    for edit in (
        lambda: add_key(shared, "dave", keys[0]),
        lambda: add_key(shared, "gate", keys[0]),
        lambda: add_key(shared, "dave", f"{parse_public_key(keys[0]).line} another comment"),
        lambda: add_person(shared, Person(id="gina", keys=(keys[0],))),
    ):
        assert "is listed for carol and for" in refused(edit)
    assert "has the key" in refused(lambda: add_key(shared, "carol", keys[0]))


@pytest.mark.parametrize(
    ("edit", "word"),
    [
        (lambda: set_threshold(ACME, 3), "more than the 2"),
        (lambda: set_threshold(ACME, 0), "at least 1"),
        (lambda: add_person(ACME, Person(id="carol")), "there is a carol"),
        (lambda: add_person(ACME, Person(id="gate")), "there is a gate"),
        (lambda: add_person(ACME, Person(id="Gina X")), "id"),
        (lambda: add_person(ACME, Person(id="gina", emails=("CAROL@acme.example",))), "is listed twice"),
        (lambda: add_person(ACME, Person(id="gina", github=ForgeAccount("x", 900000001))), "is listed twice"),
        (lambda: add_person(ACME, GINA, teams=("nobody",)), "no team 'nobody'"),
        (lambda: add_key(ACME, "nobody", "ssh-ed25519 AAAA"), "cannot be used"),
        (lambda: add_key(ACME, "carol", "-----BEGIN OPENSSH PRIVATE KEY-----"), "private key"),
        (lambda: remove_key(ACME, "carol", "SHA256:x"), "has no key"),
        (lambda: remove_person(ACME, "nobody"), "nobody called"),
        (lambda: remove_person(ACME, "dave"), "more than the 1 there are"),
        (lambda: remove_person(ACME, "frank"), "means nobody in this file"),
        (lambda: set_administrator(ACME, "mallory", administers=True), "means nobody"),
        (lambda: set_administrator(ACME, "carol", administers=True), "already"),
        (lambda: set_administrator(ACME, "erin", administers=False), "not among"),
        (lambda: set_administrator(set_threshold(ACME, 1).after, "gina", administers=False), "not among"),
    ],
)
def test_what_nobody_could_use_is_refused(edit: Callable[[], Edited], word: str) -> None:
    assert word in refused(edit)


def test_administrators_without_keys_cannot_be_the_only_ones(keys: list[str]) -> None:
    fingerprint = parse_public_key(ACME.split('- "')[1].split('"')[0]).fingerprint
    assert "nothing could be changed any more" in refused(lambda: remove_key(ACME, "carol", fingerprint))
    three = add_person(ACME, GINA, administrator=True).after
    assert "nothing could be changed any more" in refused(lambda: set_threshold(three, 3))
    assert set_threshold(add_key(three, "gina", keys[0]).after, 3).access.administrators.threshold == 3


@pytest.mark.parametrize(
    "text",
    [
        "administrators: {who: &all [carol, dave]}\nteams:\n  - {id: t, members: *all}\n",
        "administrators: {who: [carol, dave]}\nteams:\n - {id: t, members: &all [carol]}\n - {id: u, members: *all}\n",
        "administrators: {who: *nobody}\n",
        "administrators: [carol]\n",
        "administrators: {who: [carol, dave]}\nadministrators: {who: [carol]}\n",
        "people: [\n",
        "",
    ],
)
def test_what_stands_in_two_places_or_cannot_be_read_is_left_to_people(text: str, keys: list[str]) -> None:
    people = f'people:\n  - {{id: carol, keys: ["{keys[0]}"]}}\n  - {{id: dave, keys: ["{keys[1]}"]}}\n'
    edits: list[Callable[[], Edited]] = [
        lambda: add_person(HEAD + people + text, GINA, administrator=True, teams=("t",)),
        lambda: add_person(HEAD + people + text, GINA, teams=("u",)),
    ]
    for edit in edits:
        with pytest.raises((ConfigurationError, UsageError)) as caught:
            edit()
        assert caught.value.hint
    if "*all" in text:
        with pytest.raises(ConfigurationError, match="anchor"):
            add_person(HEAD + people + text, GINA, administrator=True, teams=("t",))


def refused(edit: Callable[[], Edited]) -> str:
    with pytest.raises(UsageError) as caught:
        edit()
    return caught.value.message


# --- whatever the file looks like ------------------------------------------------------------------------------------


@settings(max_examples=150)
@given(data=st.data())
def test_an_edit_keeps_every_line_that_it_does_not_speak_of(data: st.DataObject, keys: list[str]) -> None:
    comment = st.sampled_from(["", "", "# a note\n", "  # - id: example\n", "\n", "    # deep: [\n", "# '\"\n"])
    parts = [HEAD, "administrators: {who: [carol]}\n", "people:\n"]
    style = st.sampled_from(["  - {{id: {0}, keys: {1}}}\n", "  - id: {0}  # one\n    keys: {1}\n"])
    for number, name in enumerate(("carol", "dave")):
        written = data.draw(st.sampled_from([f'["{keys[number]}"]', f'[\n      "{keys[number]}",  # here\n    ]']))
        parts += [data.draw(comment), data.draw(style).format(name, written)]
    text = "".join([*parts, data.draw(comment), "bots: []\n", data.draw(comment)])
    edits: list[Callable[[], Edited]] = [
        lambda: add_person(text, Person(id="gina", keys=(keys[2],))),
        lambda: add_key(text, data.draw(st.sampled_from(["carol", "dave"])), keys[2]),
        lambda: set_threshold(text, 1),
    ]
    edited = data.draw(st.sampled_from(edits))()
    assert only_added(edited)


ODD = (
    "\n",
    "  ",
    "# x\n",
    "- ",
    "[",
    "]",
    "{",
    "}",
    ": ",
    ",",
    "*a",
    "&a ",
    "'",
    '"',
    "|\n",
    "null",
    "...\n",
    "\r\n",
    "keys: []\n",
)


@settings(max_examples=200)
@given(data=st.data())
def test_a_damaged_file_is_told_or_edited_and_never_half_understood(data: st.DataObject, keys: list[str]) -> None:
    text = ACME
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(text)))
        text = text[:place] + data.draw(st.sampled_from(ODD)) + text[place + data.draw(st.integers(0, 12)) :]
    person = Person(id="gina", keys=(keys[0],))
    edits: list[Callable[[], Edited]] = [
        lambda: add_person(text, person, administrator=True, teams=("platform",)),
        lambda: add_key(text, "bob", keys[0]),
        lambda: set_administrator(text, "erin", administers=True),
    ]
    edit = data.draw(st.sampled_from(edits))
    with suppress(AgentgovError):
        assert only_added(edit())


def only_added(edited: Edited) -> bool:
    """Whether every character of the old text stands in the new one, in its order."""
    place = 0
    for char in edited.before:
        place = edited.after.find(char, place) + 1
        if not place:
            return False
    kept = [line for line in edited.before.splitlines() if "#" in line]
    return all(line in edited.after for line in kept if "keys" not in line and "KEY" not in line)


def test_hostile_values_never_reach_the_file(keys: list[str]) -> None:
    for name in ('x"\n  - id: y', "\u202ename", "a: b", "{", "# no", "null", "007", "*x", "Renée O'Hara", "@a", "a #b"):
        try:
            edited = add_person(ACME, Person(id="gina", name=name, keys=(keys[0],)))
        except AgentgovError:
            continue
        assert edited.access.people[-1].name == name
        assert len(edited.access.people) == 7
