"""What an agent is told: the system prompt, the partials, and the variables that are written into them.

Texts are compared as bytes wherever they stand: a file that moved with the same text is no change. No text is judged.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from agentgov.diff.change import FieldChange, Place, change, short
from agentgov.diff.sequence import in_order, keyed
from agentgov.diff.tokens import count_words, tokens
from agentgov.diff.version import AgentVersion
from agentgov.diff.words import word_diff
from agentgov.model.agent import Variable

_LONG = 200_000  # characters: how a longer text changed is not said in its summary


def prompts(base: AgentVersion, head: AgentVersion) -> Iterator[FieldChange]:
    """Changes of the texts of an agent, and of their order."""
    place = Place(head.agent_id.file, "/spec/prompts")
    old, new = base.agent.spec.prompts.system.file, head.agent.spec.prompts.system.file
    if not old:  # a new agent has no text before its first
        yield _added(head, new, place.to("system", "file"))
    elif base.text(old) != head.text(new) or (base.text(old) is None and old != new):
        yield _changed(base, old, head, new, place.to("system", "file"))
    yield from _partials(base, head, place.to("partials"))
    yield from _variables(base.agent.spec.prompts.variables, head.agent.spec.prompts.variables, place.to("variables"))


def _partials(base: AgentVersion, head: AgentVersion, place: Place) -> Iterator[FieldChange]:
    before = keyed(base.agent.spec.prompts.partials, str)
    after = keyed(head.agent.spec.prompts.partials, str)
    pairs = [(before.pop(key), after.pop(key)) for key in list(before) if key in after]
    # A text that moved is the same text; what then is left alone on either side was moved and rewritten.
    rest = keyed(before.values(), lambda item: base.text(item[1]))
    more = keyed(after.values(), lambda item: head.text(item[1]))
    same = [key for key in rest if key in more and key[0] is not None]
    pairs += [(rest.pop(key)[1], more.pop(key)[1]) for key in same]
    if len(rest) == len(more) == 1:
        pairs.append((rest.popitem()[1][1], more.popitem()[1][1]))
    for (_, old), (index, new) in pairs:
        if base.text(old) != head.text(new) or (base.text(old) is None and old != new):
            yield _changed(base, old, head, new, place.to(index))
    for _, (index, old) in rest.values():
        at = Place(base.path(old), place.to(index).pointer)
        gone = change("prompt.removed", at, _text(base, old), None, f"prompt {short(old)} removed")
        yield replace(gone, also=(place.file,))
    for _, (index, new) in more.values():
        yield _added(head, new, place.to(index))
    if not in_order(new for _, new in sorted((old[0], new[0]) for old, new in pairs)):
        order, other = list(base.agent.spec.prompts.partials), list(head.agent.spec.prompts.partials)
        yield change("prompt.reordered", place, order, other, f"prompt order {short(order)} -> {short(other)}")


def _added(head: AgentVersion, reference: str, place: Place) -> FieldChange:
    text = _text(head, reference)
    size = "its file is missing" if text is None else f"{count_words(text):,} words"
    at = Place(head.path(reference), place.pointer)
    found = change("prompt.added", at, None, text, f"prompt {short(reference)} added ({size})")
    return replace(found, also=(place.file,))


def _changed(base: AgentVersion, old: str, head: AgentVersion, new: str, place: Place) -> FieldChange:
    before, after = _text(base, old), _text(head, new)
    where = short(new) if old == new else f"{short(old)} -> {short(new)}"
    at = Place(head.path(new), place.pointer)
    found = change("prompt.changed", at, before, after, f"prompt {where} {_how(before, after)}")
    return found if old == new else replace(found, also=(place.file,))


def _how(before: str | None, after: str | None) -> str:
    if before is None or after is None:
        return "has no file any more" if after is None else "has a file now"
    if len(before) + len(after) > _LONG:
        return "rewritten"
    if spaces := only_written(before, after):
        return f"reworded (only {spaces})"
    edits = word_diff(before.replace("\r\n", "\n"), after.replace("\r\n", "\n"))
    moved = sum(edit.text.count("\n") or 1 for edit in edits if edit.moved and edit.kind == "insert")
    added, gone = (
        sum(count_words(edit.text) for edit in edits if edit.kind == kind and not edit.moved)
        for kind in ("insert", "delete")
    )
    parts = [f"+{added:,} -{gone:,} words"] if added or gone or not moved else []
    parts += [f"{moved:,} line{'s' if moved > 1 else ''} moved"] if moved else []
    return f"reworded ({', '.join(parts)})"


def only_written(before: str, after: str) -> str:
    """What differs where two texts have the same words: "line endings", "line breaks", "spaces"; "" where words do."""
    one, other = before.replace("\r\n", "\n"), after.replace("\r\n", "\n")
    if one == other:
        return "line endings" if before != after else ""
    if one.rstrip("\n") == other.rstrip("\n"):
        return "line breaks at the end"
    if _words(one) != _words(other):
        return ""
    if one.replace("\n", " ") == other.replace("\n", " "):
        return "line breaks"
    return "spaces and line breaks" if one.count("\n") != other.count("\n") else "spaces"


def _words(text: str) -> list[str]:
    return [piece for piece in tokens(text) if not piece.isspace()]


def _text(version: AgentVersion, reference: str) -> str | None:
    raw = version.text(reference)
    return None if raw is None else raw.decode("utf-8", "backslashreplace")


def _variables(base: Mapping[str, Variable], head: Mapping[str, Variable], place: Place) -> Iterator[FieldChange]:
    for name in sorted(base.keys() | head.keys()):
        old, new, at = base.get(name), head.get(name), place.to(name)
        what = f"variable {short(name)}"
        if old is not None and new is not None:
            yield from _variable(old, new, at, what)
        elif new is not None:
            kind = f"{new.type}, untrusted" if new.untrusted else new.type
            yield change("variables.added", at, None, kind, f"{what} added ({kind})")
        elif old is not None:
            yield change("variables.removed", at, old.type, None, f"{what} removed")


def _variable(old: Variable, new: Variable, at: Place, what: str) -> Iterator[FieldChange]:
    if old.untrusted != new.untrusted:
        field = "variables.untrusted.added" if new.untrusted else "variables.untrusted.removed"
        said = "is marked as untrusted" if new.untrusted else "is not marked as untrusted any more"
        yield change(field, at.to("untrusted"), old.untrusted, new.untrusted, f"{what} {said}")
    if old.max_length != new.max_length:
        lower = new.max_length is not None and (old.max_length is None or new.max_length < old.max_length)
        field = "variables.maxLength.lowered" if lower else "variables.maxLength.raised"
        limits = [str(length) if length is not None else "no limit" for length in (old.max_length, new.max_length)]
        summary = f"{what} length {limits[0]} -> {limits[1]}"
        yield change(field, at.to("maxLength"), old.max_length, new.max_length, summary)
    if old.type != new.type:
        yield change("variables.type.changed", at.to("type"), old.type, new.type, f"{what} {old.type} -> {new.type}")
    if old.description != new.description:
        words = (old.description or None, new.description or None)
        yield change("variables.description.changed", at.to("description"), *words, f"{what} described otherwise")
