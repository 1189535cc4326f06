"""Edits of governance/access.yaml: the smallest change of its text that makes it say what was asked for.

Every edit is proved (`proved_edit`), and counts only if `trust.soundness` finds no problem with it besides: one key on
two people, a threshold that cannot be met, somebody who is nobody. Never writes a file, never signs: an edit is a
proposal like every other change, and takes effect by its reviews.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from agentgov.errors import UsageError
from agentgov.model.access import Access, Bot, Person
from agentgov.model.governed import ACCESS_FILE
from agentgov.scaffold.proved_edit import Draft, follow, proved
from agentgov.scaffold.yaml_splice import Value
from agentgov.scaffold.yaml_tree import Step
from agentgov.trust.identity import Directory, problems
from agentgov.trust.keys import PublicKey, parse_public_key


@dataclass(frozen=True, slots=True)
class Edited:
    """A file before and after an edit, with what both mean."""

    before: str
    after: str
    access: Access


def add_person(text: str, person: Person, *, administrator: bool = False, teams: Sequence[str] = ()) -> Edited:
    """Somebody new, as administrator and in teams where that is said. UsageError where it cannot be."""

    def change(draft: Draft) -> None:
        _refuse_known(draft, person.id)
        draft.add(("people",), _written(person))
        if administrator:
            draft.add(("administrators", "who"), person.id)
        for team in teams:
            draft.add(("teams", _known(draft, "teams", team, "no team"), "members"), person.id)

    return _edited(text, change)


def remove_person(text: str, person_id: str) -> Edited:
    """Somebody who leaves: out of people, administrators, teams and bindings; a binding of nobody else goes too."""

    def change(draft: Draft) -> None:
        place = _known(draft, "people", person_id, "nobody called")
        _remove_everywhere(draft, ("administrators", "who"), person_id)
        for index in range(len(draft.values.get("teams", []))):
            _remove_everywhere(draft, ("teams", index, "members"), person_id)
        for index in reversed(range(len(draft.values.get("bindings", [])))):
            if draft.values["bindings"][index]["who"] == [person_id]:
                draft.remove(("bindings",), index)
            else:
                _remove_everywhere(draft, ("bindings", index, "who"), person_id)
        draft.remove(("people",), place)

    return _edited(text, change)


def add_bot(text: str, bot: Bot) -> Edited:
    """A program with a key; its kind is a fixed list of acts. UsageError where it cannot be."""

    def change(draft: Draft) -> None:
        _refuse_known(draft, bot.id)
        keys: dict[str, Value] = {"keys": list(bot.keys)} if bot.keys else {}
        draft.add(("bots",), {"id": bot.id, "kind": bot.kind, **keys})

    return _edited(text, change)


def remove_bot(text: str, bot_id: str) -> Edited:
    """A bot away; what needs one of its kind stands still then."""

    def change(draft: Draft) -> None:
        draft.remove(("bots",), _known(draft, "bots", bot_id, "no bot"))

    return _edited(text, change)


def add_key(text: str, holder: str, line: str) -> Edited:
    """One more key for a person or a bot. UsageError for a key that somebody has, or that cannot be used."""

    def change(draft: Draft) -> None:
        key, steps = usable_key(line), _holder(draft, holder)
        if key.blob in (known.blob for _, known in _keys(draft, steps)):
            raise UsageError(f"{holder} has the key {key.fingerprint} already", "see: agentgov access show")
        draft.add((*steps, "keys"), line)

    return _edited(text, change)


def remove_key(text: str, holder: str, wanted: str) -> Edited:
    """A key of a person or a bot away, by its fingerprint (SHA256:...) or its line."""

    def change(draft: Draft) -> None:
        steps = _holder(draft, holder)
        mark = wanted if wanted.startswith("SHA256:") else usable_key(wanted).fingerprint
        found = [index for index, key in _keys(draft, steps) if key.fingerprint == mark]
        if not found:
            raise UsageError(f"{holder} has no key {mark}", "its keys: agentgov access show")
        for index in reversed(found):
            draft.remove((*steps, "keys"), index)

    return _edited(text, change)


def set_administrator(text: str, who: str, *, administers: bool) -> Edited:
    """A person, or team:<id>, among the administrators, or no longer."""

    def change(draft: Draft) -> None:
        listed = draft.values["administrators"]["who"]
        if (who in listed) == administers:
            raise UsageError(
                f"{who} is {'already' if administers else 'not'} among the administrators of {ACCESS_FILE}"
            )
        if administers:
            draft.add(("administrators", "who"), who)
        else:
            _remove_everywhere(draft, ("administrators", "who"), who)

    return _edited(text, change)


def set_threshold(text: str, threshold: int) -> Edited:
    """How many administrators one change of the governance set takes."""
    return _edited(text, lambda draft: draft.set(("administrators",), "threshold", threshold))


def usable_key(line: str) -> PublicKey:
    """The key that a line spells; UsageError, which never repeats the line, where it spells none."""
    try:
        return parse_public_key(line)
    except ValueError as error:
        raise UsageError(f"this key cannot be used: {error}", "make one: ssh-keygen -t ed25519") from error


def _edited(text: str, change: Callable[[Draft], None]) -> Edited:
    """The text after a change, proved. ConfigurationError for a file that cannot be edited so, UsageError for a change
    that makes an Access nobody could use."""
    after, access = proved(text, ACCESS_FILE, "Access", Access, change, _is_shaped)
    reasons = [reason.message for reason in problems(access)] or _locked_out(access)
    if reasons:
        raise UsageError(f"nothing was written: {'; '.join(reasons)}", "see: agentgov access show")
    return Edited(text, after, access)


def _locked_out(access: Access) -> list[str]:
    """Administrators sign with keys: where fewer have one than the threshold, nothing could ever be changed again."""
    directory, threshold = Directory(access), access.administrators.threshold
    able = [name for name in directory.administrators if (one := directory.person(name)) is not None and one.keys]
    if len(able) >= threshold:
        return []
    have = f"{len(able)} of the administrators ha{'s' if len(able) == 1 else 've'} a key"
    return [f"only {have}, and a change would take {threshold}: nothing could be changed any more"]


def _written(person: Person) -> dict[str, Value]:
    """A person as the file spells one, without what is not known."""
    found: dict[str, Value] = {"id": person.id}
    if person.name:
        found["name"] = person.name
    if person.emails:
        found["emails"] = list(person.emails)
    for forge, account in (("github", person.github), ("gitlab", person.gitlab)):
        if account is not None:
            found[forge] = {"login": account.login, "id": account.id}
    if person.keys:
        found["keys"] = list(person.keys)
    return found


def _is_shaped(values: dict[str, Any]) -> bool:
    """Whether the places that are edited are what they should be; the schema judges the rest afterwards."""
    administrators = values.get("administrators")
    if not isinstance(administrators, dict) or not isinstance(administrators.get("who"), list):
        return False
    for name, inner in (("people", "keys"), ("bots", "keys"), ("teams", "members"), ("bindings", "who")):
        listed = values.get(name, [])
        if not isinstance(listed, list):
            return False
        if not all(isinstance(one, dict) and isinstance(one.get(inner, []), list) for one in listed):
            return False
    return all("who" in one for one in values.get("bindings", []))


def _place(draft: Draft, group: str, name: str) -> int | None:
    return next((index for index, one in enumerate(draft.values.get(group, [])) if one.get("id") == name), None)


def _known(draft: Draft, group: str, name: str, none: str) -> int:
    """The place of what has to be there; `none` are the words for there being none."""
    place = _place(draft, group, name)
    if place is None:
        raise UsageError(f"there is {none} {name!r} in Access", "see: agentgov access show")
    return place


def _refuse_known(draft: Draft, name: str) -> None:
    if _place(draft, "people", name) is not None or _place(draft, "bots", name) is not None:
        hint = f"another key of theirs: agentgov access add-key {name} KEY"
        raise UsageError(f"there is a {name} in Access already", hint)


def _holder(draft: Draft, name: str) -> tuple[Step, ...]:
    for group in ("people", "bots"):
        place = _place(draft, group, name)
        if place is not None:
            return (group, place)
    raise UsageError(f"there is no person and no bot called {name!r} in Access", "see: agentgov access show")


def _keys(draft: Draft, steps: Sequence[Step]) -> list[tuple[int, PublicKey]]:
    found = []
    for index, line in enumerate(follow(draft.values, steps).get("keys", [])):
        try:
            found.append((index, parse_public_key(line)))
        except (ValueError, AttributeError):
            continue  # a line that is no key is `problems`' to tell
    return found


def _remove_everywhere(draft: Draft, steps: Sequence[Step], name: str) -> None:
    listed = follow(draft.values, steps[:-1]).get(steps[-1], [])
    for index in reversed(range(len(listed))):
        if listed[index] == name:
            draft.remove(steps, index)
