"""`waive`: administrators say that a stretch of the journal is no part of it, or set its time back.

It forgives form and nothing else: what stands in the stretch stays without effect, so no review, no signature and no
right is ever forgiven. Reads no clock: `now` is given.
"""

import re

from agentgov.journal.clock import MAX_SKEW
from agentgov.journal.view import View
from agentgov.model.act import Act
from agentgov.model.skipped import Skipped
from agentgov.model.state import Changes
from agentgov.model.transitions import Refusal
from agentgov.trust.identity import Identity

_TIME = re.compile(r"[1-9][0-9]{0,11}\Z")


def judge_waive(view: View, act: Act, now: int) -> Changes | Refusal:
    """Why a waive does not hold here. What it changes is that the stretch is over; its record says so (`skipped`)."""
    return _refuse_stretch(view, act) or _refuse_time(view, act, now) or {}


def skipped(view: View, act: Act, signers: frozenset[Identity], time: int) -> Changes:
    """The record of an act that stands on top of a stretch, or waives it; nothing for any other act."""
    stretch, waives = view.stretch, act.kind == "waive"
    jumps = view.end != view.tip
    if stretch is None or not (jumps or waives):
        return {}
    record = Skipped(
        first=stretch.first,
        last=stretch.last,
        seq=view.state.head.seq + 1,
        time=time,
        after=view.tip if jumps else "",
        by=tuple(sorted(signer.id for signer in signers)) if waives else (),
    )
    return {f"skipped/{act.id}.yaml": record}


def time_set(act: Act) -> int | None:
    """The journal time that a waive sets, None where it sets none."""
    text = act.get("Set-Time") if act.kind == "waive" else ""
    return int(text) if _TIME.match(text) else None


def _refuse_stretch(view: View, act: Act) -> Refusal | None:
    named, stretch = act.get("Stretch"), view.stretch
    there = f"{stretch.first} {stretch.last}" if stretch is not None else ""
    if named == there:
        return None
    if stretch is None:
        return Refusal("waive.stretch", "everything on the journal holds: there is no stretch to waive")
    message = f"what does not hold reaches from {stretch.first[:12]} to {stretch.last[:12]}, and the act names another"
    return Refusal("waive.stretch", message)


def _refuse_time(view: View, act: Act, now: int) -> Refusal | None:
    time, head = time_set(act), view.state.head
    if act.get("Set-Time") and (time is None or time > now + MAX_SKEW):
        return Refusal("waive.time", "the time that the act sets is none, or ahead of this machine's clock")
    if view.stretch is None and (time is None or time >= head.time):
        return Refusal("waive.nothing", "without a stretch a waive sets the journal's time back, and this one does not")
    if view.stretch is not None and view.stretch.timed and time is None:
        return Refusal("waive.time", "an act of the stretch is ahead of the clock, so the waive has to say the time")
    return None
