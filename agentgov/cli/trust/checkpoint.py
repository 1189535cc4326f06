"""`agentgov journal checkpoint`: journal time moved on by an administrator, or by the keys of bots.

Asks the journal whether it holds, like every act; decides nothing.
"""

from collections.abc import Sequence
from pathlib import Path

from agentgov.cli.context import Context, open_context
from agentgov.cli.options import answer
from agentgov.cli.order import Done, tell
from agentgov.errors import RefusedError
from agentgov.journal.draft import Actor, Appender, Draft, sign, write_act
from agentgov.journal.view import View
from agentgov.model.act import Act
from agentgov.repo import clock
from agentgov.report.moments import age, stamp
from agentgov.report.page import Page
from agentgov.trust.keys import parse_public_key
from agentgov.trust.signers import KeyFileSigner, Signer


def append_checkpoint(repo: str, keys: Sequence[Path], output: str) -> int:
    """Append one checkpoint, signed by these keys, or by whoever sits here where there is none."""
    context = open_context(repo)
    view = context.view(fetch=True)
    if not keys and not view.is_stale(clock.now()):
        return _not_needed(view, output)
    signers: tuple[Signer, ...] = tuple(map(KeyFileSigner, keys))
    actor = _bot(view, signers[0]) if signers else context.person(view)
    done = _append(context, actor, signers or (actor.appender.signer,))
    return tell("journal-checkpoint", output, done, f"journal time is {stamp(done.after.state.head.time)}")


def _append(context: Context, actor: Actor, signers: tuple[Signer, ...]) -> Done:
    written: list[tuple[View, Act]] = []

    def propose(present: View) -> list[Draft]:
        act = write_act(present, actor, "checkpoint", "checkpoint", [], now=clock.now())
        written.append((present, act))
        return [sign(act, *signers)]

    after = context.journal.append(propose, actor.appender, clock.now)
    before, act = written[-1]
    return Done(act, before, after)


def _bot(view: View, signer: Signer) -> Actor:
    identity = view.directory.by_key(signer.public_key)
    if identity is None or identity.kind != "bot":
        whose = "nobody's" if identity is None else f"{identity.id}'s own"
        message = f"the key {parse_public_key(signer.public_key).fingerprint} is {whose} in the authorised Access"
        raise RefusedError(message, "give the private key of a bot of kind reconciler or gate, or no --key at all")
    return Actor(identity, Appender(signer, f"agentgov {identity.id}", f"{identity.id}@bots.invalid"))


def _not_needed(view: View, output: str) -> int:
    old, most = age(clock.now() - view.state.head.time), view.governance.fleet.journal.max_age
    said = f"the journal is {old} old, and {most} is the most: bots move its time, and no person needs to"
    answer(output, Page().line(said), {"schema": "agentgov.journal-checkpoint/1", "act": None, "notes": [said]})
    return 0
