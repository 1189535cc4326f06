"""Two texts compared by words, at a cost that a hostile text cannot raise.

Exact: the equal and inserted pieces are the text after, the equal and deleted ones the text before. Judges nothing.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from agentgov.diff.sequence import CELLS, runs

Kind = Literal["equal", "insert", "delete"]

_WORD = re.compile(r"\w+|[^\S\n]+|\n|[^\w\s]")


@dataclass(frozen=True, slots=True)
class WordEdit:
    """A piece of text that is in both texts, only in the one after (insert), or only in the one before (delete)."""

    kind: Kind
    text: str


def word_diff(before: str, after: str) -> tuple[WordEdit, ...]:
    """The edits that turn one text into the other, in order; of a replacement the deletion stands first.

    Texts of more words than can be aligned at once (about 10,000 each) are aligned by lines first, then by words inside
    the lines that differ; past that, what differs is one deletion and one insertion.
    """
    first, second = _WORD.findall(before), _WORD.findall(after)
    if len(first) * len(second) <= CELLS:
        return _edits(_by_words(first, second))
    return _edits(_by_lines(before, after))


def only_spaces(edits: Iterable[WordEdit]) -> bool:
    """Whether nothing but spaces and line breaks differs."""
    return all(edit.kind == "equal" or not edit.text.strip() for edit in edits)


def count_words(text: str) -> int:
    """How many words a text has, for people: what white space separates."""
    return len(text.split())


def _by_words(before: Sequence[str], after: Sequence[str]) -> Iterator[tuple[Kind, str]]:
    for run in runs(before, after):
        left = "".join(before[run.before.start : run.before.stop])
        if run.equal:
            yield "equal", left
        else:
            yield "delete", left
            yield "insert", "".join(after[run.after.start : run.after.stop])


def _by_lines(before: str, after: str) -> Iterator[tuple[Kind, str]]:
    first, second = before.splitlines(keepends=True), after.splitlines(keepends=True)
    for run in runs(first, second):
        left = "".join(first[run.before.start : run.before.stop])
        if run.equal:
            yield "equal", left
        else:
            right = "".join(second[run.after.start : run.after.stop])
            yield from _by_words(_WORD.findall(left), _WORD.findall(right))


def _edits(pieces: Iterable[tuple[Kind, str]]) -> tuple[WordEdit, ...]:
    """Pieces as edits: neighbours of a kind become one, and a lone space between two changes is part of both."""
    edits: list[WordEdit] = []
    deleted = inserted = held = ""
    for kind, text in pieces:
        if kind == "equal" and text.isspace() and "\n" not in text and (deleted or inserted) and not held:
            held = text
            continue
        if kind != "equal" and text:
            if held:
                deleted, inserted, held = deleted + held, inserted + held, ""
            deleted, inserted = (deleted + text, inserted) if kind == "delete" else (deleted, inserted + text)
        elif text:
            _append(edits, deleted, inserted, held + text)
            deleted = inserted = held = ""
    _append(edits, deleted, inserted, held)
    return tuple(edits)


def _append(edits: list[WordEdit], deleted: str, inserted: str, equal: str) -> None:
    if deleted:
        edits.append(WordEdit("delete", deleted))
    if inserted:
        edits.append(WordEdit("insert", inserted))
    if equal and edits and edits[-1].kind == "equal":
        equal = edits.pop().text + equal
    if equal:
        edits.append(WordEdit("equal", equal))
