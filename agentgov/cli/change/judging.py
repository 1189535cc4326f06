"""How `validate` comes to its answer: from what is kept, in all processors, and in this order of cheapness.

A fleet whose root was judged before is answered at once. What differs from such a fleet in the contents of a few
folders takes those folders. Of any other only the folders that were never judged are. The answer is the same in every
case; what is kept, and where, is `cli.kept`.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from agentgov.cli.change.answers import Answer, Answers
from agentgov.cli.change.kept import KeptFiles, kept_files
from agentgov.cli.target import Place, Target
from agentgov.errors import AgentgovError
from agentgov.model.governed import ROOTS, is_governed
from agentgov.model.partition import Partition
from agentgov.resources import rules_digest
from agentgov.validate.selection import Selection

if TYPE_CHECKING:
    from agentgov.validate.facts import Judged
    from agentgov.validate.judge import Means, Ready
    from agentgov.validate.load import Parts

Roots = tuple[tuple[str, str], ...]
Narrow = Callable[[Target], Selection]


_SOON = 0.05  # seconds: in a small fleet git answers before the rules are loaded, and they may not be needed


class Judging:
    """One question about one target. `reading`: only what documents and their schemas tell."""

    def __init__(self, narrow: Narrow, *, reading: bool = False) -> None:
        self._narrow = narrow
        self._reading = reading
        self._kept: KeptFiles | None = kept_files()
        self._rules = rules_digest() if self._kept is not None else ""
        self._ready: Ready | None = None
        self._near: tuple[Partition, Answer] | None = None
        self._answers = Answers(self._kept, f"{self._rules} {reading}") if self._kept is not None else None

    def of(self, target: Target) -> Answer:
        """Everything that is wrong with a target, as far as it was asked for."""
        roots = root_ids(target)
        whole = self._whole(target)
        if whole and roots and self._answers is not None:
            known = self._answers.get(roots)
            if known is not None:
                return _with(known, target)
        found = self._judged(target)
        if whole and roots and self._answers is not None:
            self._answers.put(roots, found)
        return _with(found, target)

    def prepare(self, base: Partition) -> None:
        """Load what the judgement of something like `base` takes, in a time when there is nothing else to do."""
        from agentgov.validate.judge import Ready

        try:
            ready = Ready(base, self._means)
            if self._near is None:
                _ = ready.parts, ready.pool
            else:
                _practise(base, ready.parts)
        except AgentgovError:  # the judgement may not need it, and otherwise meets the same error
            return
        self._ready = ready

    def knows(self, base: Partition) -> bool:
        """Whether the answer about what the target is like is kept."""
        known = self._answers.get(root_ids(Target(base))) if self._answers is not None else None
        self._near = (base, known) if known is not None else None
        return known is not None

    @cached_property
    def _means(self) -> "Means":
        from agentgov.validate.judge import Means

        return Means(self._kept, self._rules, _spread, self._reading)

    def _judged(self, target: Target) -> Answer:
        from agentgov.validate.judge import in_order, judge_fleet

        near = self._from_near(target)
        if near is not None:
            return near
        found = judge_fleet(target.partition, self._means, self._narrow(target), self._ready)
        findings = found.findings
        if target.before is not None:
            from agentgov.validate.run import removed_between

            findings = in_order((*findings, *removed_between(target.before, target.partition)))
        return Answer(findings, found.suppressed, found.agents, found.files)

    def _from_near(self, target: Target) -> Answer | None:
        """The answer, where it follows from one that is kept and from a few folders."""
        if self._near is None:
            return None
        from agentgov.repo.changes import changed_paths
        from agentgov.repo.partition import TreePartition
        from agentgov.validate.judge import Ready
        from agentgov.validate.rejudge import Told, findings_after, folders_of

        (base, known), after = self._near, target.partition
        if not (isinstance(base, TreePartition) and isinstance(after, TreePartition) and self._whole(target)):
            return None
        changed = changed_paths(after.objects, base.tree_oid, after.tree_oid, ROOTS)
        folders = folders_of({path: entries for path, entries in changed.items() if is_governed(path)})
        if folders is None:
            return None
        before = Told(base, known.findings, known.suppressed)
        parts = (self._ready or Ready(base, self._means)).parts
        findings = findings_after(before, after, folders, parts, reading=self._reading)
        return replace(known, findings=findings) if findings is not None else None

    def _whole(self, target: Target) -> bool:
        """Whether everything about a target was asked for."""
        return self._narrow(target).everything and target.before is None


def _practise(base: Partition, parts: "Parts") -> None:
    """Judge any folder: what is read and compiled for the first one is there for the next."""
    from agentgov.repo.partition import TreePartition
    from agentgov.validate.unit import judge_folder

    folder = base.some_folder() if isinstance(base, TreePartition) else None
    if folder is not None:
        judge_folder(base, parts, folder)


def root_ids(target: Target) -> Roots:
    """What the answer about a target depends on, beside the rules; nothing where no ids are known."""
    from agentgov.repo.partition import TreePartition

    return target.partition.root_ids() if isinstance(target.partition, TreePartition) else ()


def judged(judging: Judging, place: Place, *, staged: bool) -> tuple[Target, Answer]:
    """The working tree or the index, judged; while git compares files, the rules are loaded."""
    asked = place.index() if staged else place.work_tree()
    if asked.base is not None and not (judging.knows(asked.base) and asked.comes_within(_SOON)):
        judging.prepare(asked.base)
    target = asked.target()
    return target, judging.of(target)


def _with(found: Answer, target: Target) -> Answer:
    """An answer with what only git and the disk know of the target."""
    if not target.findings:
        return found
    from agentgov.validate.judge import in_order

    return replace(found, findings=in_order((*found.findings, *target.findings)))


def _spread(work: "Callable[[Sequence[str]], list[Judged]]", folders: Sequence[str]) -> "list[Judged]":
    from agentgov.cli.processes import spread
    from agentgov.cli.progress import Progress

    progress = Progress("checking", "folders")
    try:
        return spread(work, folders, lambda done: progress.tell(done, len(folders)))
    finally:
        progress.done()
