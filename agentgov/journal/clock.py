"""Journal time, and the heartbeat that moves it.

Dates in commits are claims; only acts move the journal's time. It never runs back, never ahead of the clock of whoever
verifies, and never by more than `maxAge` on one bot's word: such a step is a checkpoint that two bots sign, or an
administrator. Reads no clock: `now` is given.
"""

from agentgov.journal.anchoring import judge_anchors
from agentgov.journal.content_paths import is_nameable
from agentgov.journal.outcome import Outcome
from agentgov.journal.view import View
from agentgov.model.act import Act
from agentgov.model.acts_table import KEEPERS
from agentgov.model.governed import ROOTS, is_governed
from agentgov.model.transitions import Refusal
from agentgov.repo.changes import changed_paths
from agentgov.repo.objects import ObjectError, is_object_id
from agentgov.trust.identity import Identity

MAX_SKEW = 300  # seconds that an actor's clock may be ahead of the verifier's


def refuse_time(view: View, act: Act, signers: frozenset[Identity], now: int) -> Refusal | None:
    """Why an act of these signers may not carry its time here; `now` is the verifier's clock in epoch seconds."""
    head = view.state.head
    if act.time is None or (act.is_personal and act.kind != "checkpoint"):
        return None  # `authority` says who carries a time
    if not head.time <= act.time <= now + MAX_SKEW:
        word = "behind the journal" if act.time < head.time else "ahead of this machine's clock"
        return Refusal("act.time", f"the act's time is {word}")
    step, keepers = act.time - head.time, {who.id for who in signers if who.bot_kind in KEEPERS}
    if step > view.max_age:
        return _refuse_step(view, act, signers, keepers)
    if act.is_personal:
        most = view.governance.fleet.journal.max_age
        return Refusal("act.time-step", f"journal time is less than {most} old: bots move it, and no person needs to")
    if step and not keepers:
        return Refusal("act.time", f"only bots of kind {' and '.join(KEEPERS)} move journal time")
    return None


def _refuse_step(view: View, act: Act, signers: frozenset[Identity], keepers: set[str]) -> Refusal | None:
    """A step larger than `maxAge`: two keys of bots, or an administrator, on an act that does nothing else."""
    most = view.governance.fleet.journal.max_age
    if act.kind != "checkpoint":
        return Refusal("act.time-step", f"the act moves journal time by more than {most}; only a checkpoint may")
    if len(keepers) > 1 or any(who.kind == "person" and who.id in view.directory.administrators for who in signers):
        return None
    message = f"the checkpoint moves journal time by more than {most}: two bots sign that, or an administrator"
    return Refusal("act.time-step", message)


def stale_words(view: View) -> str:
    """What to say of a journal that is too old, and what mends it."""
    most = view.governance.fleet.journal.max_age
    return f"the journal's time is more than {most} old: nothing that raises risk happens until it goes on"


STALE_HINT = "an administrator, or two bots, move it on: agentgov journal checkpoint"


def judge_checkpoint(view: View, act: Act, signers: frozenset[Identity], time: int) -> Outcome | Refusal:
    """A heartbeat. It may say how far the ledger has come, and how far main has: this only where nothing differs that
    is not pending already, since authors of a change are looked for from the last commit that was looked at."""
    anchored = judge_anchors(view, act, signers, time)
    main = act.get("Main")
    if isinstance(anchored, Refusal) or not main:
        return anchored if isinstance(anchored, Refusal) else Outcome(anchored)
    if not is_object_id(main):
        return Refusal("checkpoint.main", f"{main!r} is no commit of main")
    try:
        differing = changed_paths(view.repo, view.authorised, view.repo.commit(main).tree, ROOTS)
    except ObjectError as error:
        return Refusal("checkpoint.main", f"main cannot be read at {main[:12]}: {error}")
    pending = view.state.pending
    if any(is_governed(path) and is_nameable(path) and path not in pending for path in differing):
        return Refusal("checkpoint.main", "main holds changes that no advance has looked at")
    return Outcome(anchored)
