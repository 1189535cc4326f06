"""An act on its way into the journal: its text, the signatures of everybody who acts, the key of whoever appends it."""

import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from agentgov.errors import UsageError
from agentgov.journal.view import View
from agentgov.model.act import Act, ActError, clean_reason, new_id, render
from agentgov.model.acts_table import KEEPERS
from agentgov.model.transitions import Refusal
from agentgov.trust.identity import Identity
from agentgov.trust.signers import Signer
from agentgov.trust.sshsig import ACT

_HINT = "bring the change to main in parts, and review them one by one"


@dataclass(frozen=True, slots=True)
class Draft:
    """An act ready to be appended: its text is signed, `files` are raw files that lie beside it."""

    act: Act
    signatures: tuple[bytes, ...]
    files: Mapping[str, bytes] = field(default_factory=dict)


LeaveOut = Callable[[Draft, Refusal], bool]  # whether a draft that the journal refuses is left out, and the rest lands


@dataclass(frozen=True, slots=True)
class Appender:
    """Who appends: the key of the envelope, and the name that `git log` shows."""

    signer: Signer
    name: str
    email: str


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody in Access with a key at hand, who acts and appends."""

    identity: Identity
    appender: Appender

    @property
    def name(self) -> str:
        """How acts name the actor: `person:alice`, `bot:reconciler`."""
        return f"{self.identity.kind}:{self.identity.id}"


def write_act(
    view: View,
    actor: Actor,
    kind: str,
    subject: str,
    fields: Iterable[tuple[str, str]],
    *,
    now: int,
    reason: str = "",
) -> Act:
    """A new act on this view by this actor; what carries the time never runs backwards."""
    head = view.state.head
    return Act(
        kind=kind,
        id=new_id(now * 1000, secrets.randbits(80)),
        fleet=head.fleet,
        governance=head.governance,
        actor=actor.name,
        subject=subject,
        fields=tuple(fields),
        time=_time(view, actor.identity, kind, now),
        reason=clean_reason(reason),
    )


def _time(view: View, who: Identity, kind: str, now: int) -> int | None:
    """People's acts inherit the time, but for the checkpoint of an administrator. Of bots only those that keep the time
    move it, and only a checkpoint may make a step that takes two of them."""
    if kind == "checkpoint":
        return max(now, view.state.head.time)
    if who.kind == "person":
        return None
    return view.time_of_bots(now) if who.bot_kind in KEEPERS else view.state.head.time


def sign(act: Act, *signers: Signer, files: Mapping[str, bytes] | None = None) -> Draft:
    """An act with the signatures of everybody who acts. UsageError where the act cannot be written down."""
    try:
        text = render(act)
    except ActError as error:
        raise UsageError(
            f"the act {act.kind} cannot be written: {error}", _HINT if "long" in str(error) else ""
        ) from error
    return Draft(act, tuple(signer.sign(ACT, text) for signer in signers), files or {})


def draft(
    view: View,
    actor: Actor,
    kind: str,
    subject: str,
    fields: Iterable[tuple[str, str]],
    *,
    now: int,
    reason: str = "",
    files: Mapping[str, bytes] | None = None,
) -> Draft:
    """Write an act and sign it with the actor's key."""
    act = write_act(view, actor, kind, subject, fields, now=now, reason=reason)
    return sign(act, actor.appender.signer, files=files)
