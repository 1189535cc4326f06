"""Edits of governed files that are proved: values and text are changed side by side, and the text is read again.

An edit counts only if the text reads back as exactly those values and its schema accepts it. Nothing else in the file
changes. Never writes a file, never signs: an edit is a proposal like every other change, and takes effect by its
reviews.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from agentgov.errors import ConfigurationError, UsageError
from agentgov.model.access import Access
from agentgov.model.finding import Severity
from agentgov.model.governed import Kind
from agentgov.model.policies import AlertPolicy
from agentgov.model.snapshot import MemorySnapshot
from agentgov.scaffold.yaml_splice import SpliceError, Value, insert_item, insert_member, remove_item, replace_scalar
from agentgov.scaffold.yaml_tree import Step
from agentgov.validate.load import load_document
from agentgov.validate.yaml_reader import read

Typed = TypeVar("Typed", Access, AlertPolicy)


@dataclass(slots=True)
class Draft:
    """The text and its values, changed together; `values` is what the text has to say in the end."""

    text: str
    values: dict[str, Any]

    def add(self, steps: Sequence[Step], value: Value) -> None:
        """An element at the end of a list."""
        self.text = insert_item(self.text, steps, value)
        holder = follow(self.values, steps[:-1])
        holder.setdefault(steps[-1], []).append(_unshared(value))

    def remove(self, steps: Sequence[Step], index: int) -> None:
        """One element of a list away."""
        self.text = remove_item(self.text, steps, index)
        del follow(self.values, steps)[index]

    def set(self, steps: Sequence[Step], name: str, value: int) -> None:
        """A plain member of a mapping."""
        holder = follow(self.values, steps)
        splice = replace_scalar if name in holder else _insert
        self.text = splice(self.text, (*steps, name), value)
        holder[name] = value


def proved(
    text: str,
    path: str,
    kind: Kind,
    type_: type[Typed],
    change: Callable[[Draft], None],
    is_shaped: Callable[[dict[str, Any]], bool],
) -> tuple[str, Typed]:
    """The text of a file after a change, and what it means. `is_shaped` says whether the places that are edited are
    what they should be; the schema judges the rest afterwards.

    ConfigurationError for a file that cannot be edited so, UsageError for a change that its schema refuses.
    """
    document = read(text.encode(), path)
    broken = [found for found in document.findings if found.severity is Severity.ERROR]
    if broken or not isinstance(document.value, dict) or not is_shaped(document.value):
        first = f"{broken[0].where}: {broken[0].message}" if broken else "it does not follow its schema"
        raise ConfigurationError(f"{path} cannot be read: {first}", "see: agentgov validate")
    draft, by_hand = Draft(text, _unshared(document.value)), _by_hand(path)
    try:
        change(draft)
    except SpliceError as error:
        raise ConfigurationError(f"{path} is written in a way that is not edited here: {error}", by_hand) from error
    if read(draft.text.encode(), path).value != draft.values:
        message = f"the edit would change more of {path} than was asked for: an anchor or an unusual form is in it"
        raise ConfigurationError(message, by_hand)
    loaded = load_document(MemorySnapshot({path: draft.text.encode()}), kind, type_, path)
    if loaded.typed is None:
        wrong = next(found for found in loaded.findings if found.severity is Severity.ERROR)
        raise UsageError(f"nothing was written: {wrong.where}: {wrong.message}", wrong.fix)
    return draft.text, loaded.typed


def follow(values: Any, steps: Sequence[Step]) -> Any:
    """What stands at a place of values."""
    for step in steps:
        values = values[step]
    return values


def _by_hand(path: str) -> str:
    return f"edit {path} by hand; agentgov validate says whether it is right"


def _unshared(value: Any) -> Any:
    """A copy in which nothing stands in two places: what an alias brings in would otherwise change with its anchor."""
    if isinstance(value, dict):
        return {name: _unshared(item) for name, item in value.items()}
    return [_unshared(item) for item in value] if isinstance(value, list) else value


def _insert(text: str, steps: Sequence[Step], value: int) -> str:
    return insert_member(text, steps[:-1], str(steps[-1]), value)
