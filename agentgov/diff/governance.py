"""Two versions of governance compared: people, keys, bindings, rules, stages, limits, owners of paths. All is told.

Typed values are compared, lists by what their items are known by. What direction loosens is in `governance_fields`;
whether a change is authorised is never asked here.
"""

import re
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from agentgov.diff.change import FieldChange, Place, short
from agentgov.diff.governance_fields import ENTRIES, ITEMS, SCALES, class_of, key_of, label_of
from agentgov.diff.limits import money_direction, seconds
from agentgov.diff.policy_fields import DOCUMENTS, EMPTY_IS_ALL, policy_direction
from agentgov.diff.sequence import keyed, runs
from agentgov.model.document import Document
from agentgov.model.fleet import Governance
from agentgov.model.governed import ACCESS_FILE, FLEET_FILE, PIPELINE_FILE, WORKSPACES_FOLDER, in_governance_set
from agentgov.model.units import parse_share

_GAP = re.compile(r"(?<!\\)[ \t]+")  # a blank after a backslash belongs to the pattern


def compare_governance(base: Governance | None, head: Governance | None) -> tuple[FieldChange, ...]:
    """Every change of governance in the order of the files; None on one side is governance as a whole come or gone."""
    if base is None or head is None:
        return _whole(base, head)
    return tuple(_documents(base, head))


def compare_documents(name: str, file: str, label: str, before: Document, after: Document) -> Iterator[FieldChange]:
    """Every change between two versions of one document that is not governance, under the names `<name>.<field>`."""
    yield from _values(_Spot(name, Place(file), (label,)), msgspec.to_builtins(before), msgspec.to_builtins(after))


def other_files(changed: set[str], told: set[str], typed: set[str]) -> tuple[FieldChange, ...]:
    """The changed paths of the governance set of which nothing was told: `typed` ones hold the same values as before,
    the others (CI definitions, kinds that this version does not read) are named as they are."""
    found = []
    for path in sorted(path for path in changed if in_governance_set(path) and path not in told):
        if path in typed:
            summary = "written otherwise; every value that is read from it is the same"
            found.append(_change("governance.rewritten", Place(path), None, None, summary))
        else:
            found.append(_change("governance.file.changed", Place(path), None, None, "changed; look at it as text"))
    return tuple(found)


def typed_files(governance: Governance | None) -> set[str]:
    """The files that a governance was read from."""
    if governance is None:
        return set()
    workspaces = {f"{WORKSPACES_FOLDER}/{name}.yaml" for name in governance.workspaces}
    policies = {file for name, (file, _) in DOCUMENTS.items() if getattr(governance, name) is not None}
    return {FLEET_FILE, ACCESS_FILE, PIPELINE_FILE, governance.codeowners_file, *workspaces, *policies}


def _whole(base: Governance | None, head: Governance | None) -> tuple[FieldChange, ...]:
    there = head or base
    if there is None:
        return ()
    direction = "added" if head else "removed"
    access = there.access
    summary = f"governance {direction}: {len(access.people)} people, {len(access.bindings)} bindings"
    return (_change(f"governance.{direction}", Place(FLEET_FILE), None, None, summary),)


def _documents(base: Governance, head: Governance) -> Iterator[FieldChange]:
    for name, file in (("fleet", FLEET_FILE), ("access", ACCESS_FILE), ("pipeline", PIPELINE_FILE)):
        before, after = msgspec.to_builtins(getattr(base, name)), msgspec.to_builtins(getattr(head, name))
        yield from _values(_Spot(name, Place(file)), before, after)
    for name, (file, label) in DOCUMENTS.items():
        old, new = getattr(base, name), getattr(head, name)
        if old is not None and new is not None:
            yield from _values(_Spot(name, Place(file)), msgspec.to_builtins(old), msgspec.to_builtins(new))
        elif old is not new:
            direction = "added" if new else "removed"
            yield _Spot(name, Place(file), (label,)).told(direction, old and label, new and label, direction)
    yield from _workspaces(base, head)
    yield from _codeowners(base, head)


def _workspaces(base: Governance, head: Governance) -> Iterator[FieldChange]:
    for name in sorted(base.workspaces.keys() | head.workspaces.keys()):
        spot = _Spot("workspaces", Place(f"{WORKSPACES_FOLDER}/{name}.yaml"), (f"workspace {name}",))
        old, new = base.workspaces.get(name), head.workspaces.get(name)
        if old is None or new is None:
            direction = "added" if new else "removed"
            yield spot.told(direction, old and name, new and name, direction)
        else:
            yield from _values(spot, msgspec.to_builtins(old), msgspec.to_builtins(new))


@dataclass(frozen=True, slots=True)
class _Spot:
    """Where the comparison is: the name so far, the place in the file, whose it is, and the keys below that."""

    name: str
    place: Place
    owners: tuple[str, ...] = ()
    words: tuple[str, ...] = ()

    def key(self, key: str) -> "_Spot":
        return _Spot(f"{self.name}.{key}", self.place.to(key), self.owners, (*self.words, key))

    def item(self, index: int, label: str) -> "_Spot":
        owner = " ".join(self.words[:-1])
        return _Spot(self.name, self.place.to(index), (*self.owners, *([owner] if owner else []), label))

    def told(self, direction: str, before: Any, after: Any, said: str) -> FieldChange:
        subject = ": ".join(part for part in (", ".join(self.owners), " ".join(self.words)) if part)
        return _change(f"{self.name}.{direction}", self.place, before, after, f"{subject} {said}")


def _values(spot: _Spot, before: Any, after: Any) -> Iterator[FieldChange]:
    """Differences of two plain values at one place; the depth is that of the types, so recursion is bounded."""
    if isinstance(before, Mapping) and isinstance(after, Mapping) and spot.name in ENTRIES:
        yield from _entries(spot, before, after)
    elif isinstance(before, Mapping) and isinstance(after, Mapping):
        yield from _members(spot, before, after)
    elif isinstance(before, tuple) and isinstance(after, tuple):
        yield from _items(spot, before, after)
    elif before != after:
        direction = _direction(spot.name, before, after)
        if direction in ("added", "removed"):
            yield spot.told(direction, before, after, f"{_said(after if direction == 'added' else before)} {direction}")
        elif direction:
            yield spot.told(direction, before, after, f"{_said(before)} -> {_said(after)}")


def _items(spot: _Spot, before: Sequence[Any], after: Sequence[Any]) -> Iterator[FieldChange]:
    """Differences of two lists, whose order means nothing: of named items, of numbered mappings, of plain values."""
    if (spot.name.endswith(".allow") or spot.name in EMPTY_IS_ALL) and bool(before) != bool(after):
        # An empty list allows everything, so the first entry closes and the last one that goes opens.
        direction = "closed" if after else "opened"
        said = " -> ".join(_said(patterns) if patterns else "everything" for patterns in (before, after))
        yield spot.told(direction, list(before), list(after), said)
        return
    old, new = _known(spot.name, before), _known(spot.name, after)
    for key in (*old, *(key for key in new if key not in old)):
        index, item = new[key] if key in new else old[key]
        at = spot.item(index, short(label_of(spot.name, item, index), 160))
        if key not in new:
            yield at.told("removed", item, None, "removed")
        elif key not in old:
            yield at.told("added", None, item, "added")
        else:
            yield from _values(at, old[key][1], item)


def _entries(spot: _Spot, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[FieldChange]:
    """Differences of two mappings whose keys are names: entries that came, went, or say something else."""
    for key in dict.fromkeys((*before, *after)):
        at = _Spot(spot.name, spot.place.to(key), (*spot.owners, f"{ENTRIES[spot.name]} {short(key)}"))
        if key not in after:
            yield at.told("removed", before[key], None, "removed")
        elif key not in before:
            yield at.told("added", None, after[key], "added")
        elif isinstance(after[key], Mapping):
            yield from _members(at, before[key], after[key])
        else:
            yield from _values(at, before[key], after[key])


def _members(spot: _Spot, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[FieldChange]:
    for key in dict.fromkeys((*before, *after)):
        yield from _values(spot.key(key), before.get(key), after.get(key))


def _known(name: str, items: Sequence[Any]) -> dict[tuple[Hashable, int], tuple[int, Any]]:
    if name not in ITEMS and any(isinstance(item, Mapping) for item in items):
        return {(index, 0): (index, item) for index, item in enumerate(items)}
    return keyed(items, lambda item: key_of(name, item))


def _direction(name: str, before: Any, after: Any) -> str:
    """added, removed, raised, lowered, changed; "" where both are the same amount written differently."""
    if before in (None, "") or after in (None, ""):
        return "" if before in (None, "") and after in (None, "") else "removed" if after in (None, "") else "added"
    if (policy := policy_direction(name, before, after)) is not None:
        return policy
    if isinstance(before, int | float) and isinstance(after, int | float):
        return "raised" if after > before else "lowered"
    if not isinstance(before, str) or not isinstance(after, str):
        return "changed"
    scale = SCALES.get(name, ())
    if before in scale and after in scale:
        return "raised" if scale.index(after) > scale.index(before) else "lowered"
    for amount in (seconds, _share):
        old, new = amount(before), amount(after)
        if old is not None and new is not None:
            return "" if old == new else "raised" if new > old else "lowered"
    return money_direction(before, after)


def _share(text: str) -> int | None:
    try:
        return parse_share(text)
    except ValueError:
        return None


def _said(value: Any) -> str:
    if isinstance(value, Mapping):
        return short("{" + ", ".join(f"{key}: {_said(item)}" for key, item in value.items()) + "}")
    return short(value) if value not in ("", ()) else "nothing"


def _codeowners(base: Governance, head: Governance) -> Iterator[FieldChange]:
    """Lines of CODEOWNERS that came or went; the last line that matches wins, so all of them loosen."""
    file = head.codeowners_file or base.codeowners_file
    if base.codeowners_file != head.codeowners_file:
        old, new = base.codeowners_file or None, head.codeowners_file or None
        summary = f"the file that decides: {short(old)} -> {short(new)}"
        yield _change("codeowners.file.changed", Place(file or FLEET_FILE), old, new, summary)
    before, after = list(_lines(base.codeowners)), list(_lines(head.codeowners))
    for run in runs([text for _, text in before], [text for _, text in after]):
        if run.equal:
            continue
        for index in run.before:
            number, text = before[index]
            yield _change("codeowners.removed", Place(file), text, None, f"line {number} removed: {short(text, 120)}")
        for index in run.after:
            number, text = after[index]
            yield _change("codeowners.added", Place(file), None, text, f"line {number} added: {short(text, 120)}")


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """The lines that are neither blank nor a comment, with their number; how wide the gaps are does not count."""
    for number, line in enumerate(text.split("\n"), 1):
        stripped = line.strip(" \t\r\f\v")
        if stripped and not stripped.startswith("#"):
            yield number, _GAP.sub(" ", stripped)


def _change(field: str, place: Place, before: Any, after: Any, summary: str) -> FieldChange:
    return FieldChange(field, class_of(field), place.file, place.pointer, before, after, summary)
