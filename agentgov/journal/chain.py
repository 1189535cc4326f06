"""Which commits a journal consists of, from its tip to its beginning. Says nothing of whether they hold."""

from contextlib import suppress

from agentgov.errors import IncompleteError
from agentgov.model.act import ActError, parse
from agentgov.repo.objects import Commit, ObjectError
from agentgov.repo.repository import Repository

_AT_ONCE, _A_FEW = 1024, 8  # commits of the chain

Chain = list[tuple[str, Commit | None]]


def chain_of(repo: Repository, tip: str, until: str | None) -> Chain:
    """Every commit from `until`, or from the root where that is not met, to the tip; None for one that the strict
    grammar refuses. ObjectError where not even its parents are certain, or where a merge hides acts."""
    chain: Chain = []
    here: str | None = tip
    while here is not None:
        if len(chain) % _AT_ONCE == _A_FEW:  # few acts are asked for one by one sooner than named
            with suppress(ObjectError, IncompleteError):
                repo.read_history(here, _AT_ONCE)
        commit: Commit | None
        try:
            commit = parents_of = repo.commit(here, lenient=False)
        except ObjectError:
            commit, parents_of = None, repo.commit(here)
        chain.append((here, commit))
        here = onward(repo, parents_of.parents) if here != until else None
    return chain[::-1]


def onward(repo: Repository, parents: tuple[str, ...]) -> str | None:
    """The parent by which the journal goes on, None at its root. A merge is never an act, but whoever can push can
    append one: then it is the parent that has every act of the others. ObjectError where none has."""
    if len(parents) < 2:
        return parents[0] if parents else None
    for parent in parents:
        others = [other for other in parents if other != parent]
        if not any(_is_act(commit) for other in others for _, commit in repo.walk(other, exclude=[parent])):
            return parent
    raise ObjectError("journal.merge", "two lines of acts are merged, and neither has all of them")


def _is_act(commit: Commit) -> bool:
    try:
        parse(commit.message)
    except ActError:
        return False
    return True
