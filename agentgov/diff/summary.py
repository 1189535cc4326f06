"""One line for people: what changed in an agent, riskiest first, and its class; nothing that the changes do not say."""

import re
from collections.abc import Sequence

from agentgov.diff.change import FieldChange
from agentgov.diff.compare import AgentDiff
from agentgov.diff.fields import leaf

_MOST = 6  # phrases on the line; the riskiest stay, what is left is counted
# The order in which an agent is told on one line: what it is, what it can do, what limits it, what watches it.
_TOLD = ("agent", "prompt", "variables", "model", "tools", "connections", "actions", "budget", "quotas", "risk", "data")
_WHOLE = re.compile(r"\.00(?= [A-Z]{3})")
_CURRENCY = re.compile(r" ([A-Z]{3}/(?:day|month|run)) -> ([^ ]+) \1")

_AMOUNTS = r" -> \2 \1"

# What several changes of one kind are called together; a kind that is not here is called by its name.
_MANY = {
    "tools.added": "tools added",
    "tools.removed": "tools removed",
    "actions.loosened": "action rules loosened",
    "actions.tightened": "action rules tightened",
    "actions.reordered": "action rules in another order",
    "actions.rearranged": "action rules in another order",
    "connections.added": "connections added",
    "connections.changed": "connections changed",
    "connections.removed": "connections removed",
    "runtime.changed": "runtime settings changed",
    "extensions.changed": "x- keys changed",
    "prompt.changed": "prompts reworded",
    "prompt.added": "prompts added",
    "prompt.removed": "prompts removed",
    "files.added": "files added",
    "files.changed": "files changed",
    "files.removed": "files removed",
    "files.mode.changed": "files of another mode",
    "model.params.changed": "parameters changed",
    "model.fallback.added": "fallback models added",
    "model.fallback.removed": "fallback models removed",
    "tools.effect.raised": "tools with a raised effect",
    "tools.effect.lowered": "tools with a lowered effect",
    "tools.args.changed": "tools with other arguments",
    "tools.args.removed": "tools without checked arguments",
    "variables.added": "variables added",
    "variables.removed": "variables removed",
    "variables.untrusted.removed": "variables not marked as untrusted any more",
    "evals.added": "suites added",
    "evals.changed": "suites changed",
    "evals.removed": "suites removed",
    "evals.min.lowered": "eval minimums lowered",
    "evals.min.raised": "eval minimums raised",
    "labels.added": "labels added",
    "labels.changed": "labels changed",
    "labels.removed": "labels removed",
    "suppressions.added": "findings suppressed",
    "quotas.added": "quotas added",
    "quotas.raised": "quotas raised",
    "quotas.lowered": "quotas lowered",
    "quotas.removed": "quotas removed",
}
_ONE = {
    "prompt.changed": "prompt reworded",
    "prompt.added": "1 prompt added",
    "prompt.removed": "1 prompt removed",
    "tools.added": "1 tool added",
    "tools.removed": "1 tool removed",
    "actions.loosened": "1 action rule loosened",
    "actions.tightened": "1 action rule tightened",
    "files.added": "1 file added",
    "files.changed": "1 file changed",
    "files.removed": "1 file removed",
}


def summary_line(diff: AgentDiff) -> str:
    """`prompt reworded, 1 tool added (irreversible), budget 40 -> 80 USD/day: loosens`."""
    if diff.status == "unchanged":
        return "no change"
    if diff.status == "removed":
        return f"agent removed: {diff.klass}"
    kinds: dict[str, list[FieldChange]] = {}
    for found in diff.changes:
        kinds.setdefault(found.field, []).append(found)
    shown = list(kinds) if len(kinds) <= _MOST else list(kinds)[: _MOST - 1]
    phrases = [_phrase(field, kinds[field]) for field in sorted(shown, key=_turn)]
    if len(shown) < len(kinds):
        phrases.append(f"{len(kinds) - len(shown)} more")
    return f"{', '.join(phrases)}: {diff.klass}"


def _turn(field: str) -> int:
    part = leaf(field).partition(".")[0]
    return _TOLD.index(part) if part in _TOLD else len(_TOLD)


def _phrase(field: str, found: Sequence[FieldChange]) -> str:
    row = leaf(field)
    where = " by environment" if row != field else ""
    if len(found) > 1:
        return f"{len(found)} {_MANY.get(row, f'changes of {row}')}{where}{_worst(row, found)}"
    if row in _ONE:
        return f"{_ONE[row]}{_worst(row, found)}"
    # Production is what a line without an environment speaks of.
    reach = "" if "production" in found[0].environments else found[0].note.partition(";")[0]
    said = _CURRENCY.sub(_AMOUNTS, _WHOLE.sub("", found[0].summary))
    return f"{said} {reach}".rstrip()


def _worst(row: str, found: Sequence[FieldChange]) -> str:
    """The worst effect of the tools that were added; the first of them has it."""
    return f" ({found[0].after['effect']})" if row == "tools.added" else ""
