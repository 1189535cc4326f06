"""Where one agent stands, as tables, sentences and documents say it. Reads the journal's records; decides nothing."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from agentgov.journal.evidence import awaited_for
from agentgov.journal.pausing import pause_of
from agentgov.journal.view import View
from agentgov.model.evidence import StageName
from agentgov.model.names import AgentId
from agentgov.model.state import Deployment, Pause, Release
from agentgov.model.transitions import candidate, is_newer, is_ramping
from agentgov.model.units import format_share, rough_duration
from agentgov.release.reasons import BAKE_FAILED
from agentgov.release.view import Wait
from agentgov.report.evidence import BEFORE
from agentgov.report.judge import Judged
from agentgov.report.moments import stamp
from agentgov.report.page import Page, Span

COLUMNS = ("agent", "staging", "canary", "production", "", "since")


@dataclass(frozen=True, slots=True)
class Standing:
    """One agent: its deployment, the pause that is on it, and what it waits for and is judged as, as far as this
    machine can tell."""

    agent: AgentId
    at: Deployment
    releases: Mapping[str, Release]  # by tag object
    pause: Pause | None = None
    waits: tuple[Wait, ...] = ()
    missing: Mapping[StageName, tuple[str, ...]] = field(default_factory=dict)  # evidence, by the stage it is asked for
    judged: Judged | None = None

    @property
    def is_moving(self) -> bool:
        """Whether a release is on its way, or has just arrived."""
        return bool(candidate(self.at)) or self.at.production.state == "BAKING"

    @property
    def is_quiet(self) -> bool:
        """Whether there is nothing to look at: nothing moves, waits, is held or paused."""
        return not (self.is_moving or self.waits or self.missing or self.pause or self.at.hold)

    def version(self, tag: str) -> str:
        """The version of a release, for people."""
        release = self.releases.get(tag)
        return f"v{release.release_name.version}" if release is not None else tag[:9]

    def cells(self) -> tuple[str | Span, ...]:
        """A row of the table whose header is `COLUMNS`."""
        at = self.at
        staging = f"{self.version(at.staging.release)} {at.staging.state.lower()}" if at.staging.release else "-"
        canary = "-"
        if is_ramping(at):
            stalled = " inconclusive" if at.canary.state == "INCONCLUSIVE" else ""
            canary = f"{self.version(at.canary.release)} at {format_share(at.canary.share)}{stalled}"
        return (str(self.agent), staging, canary, self.production(), self.mark(), stamp(at.production.since))

    def production(self) -> str:
        """What production runs, with its state where that is not the usual one."""
        at = self.at.production
        version = self.version(at.release) if at.release else "-"
        unusual = at.state in ("BAKING", "ROLLED_BACK", "RETIRED")
        return f"{version} {at.state.lower().replace('_', ' ')}" if unusual else version

    def mark(self) -> Span:
        """That it is paused, failing or held."""
        if self.pause is not None:
            return Span("PAUSED" if self.pause.mode == "stop" else "READ-ONLY", "bad")
        if any(wait.is_alarm for wait in self.waits):
            return Span("FAILING", "bad")
        return Span("hold", "warn") if self.at.hold is not None else Span("")

    def tell_why(self, page: Page) -> None:
        """Who paused or holds it, and why; while it is held, also which of its tags was seen to move."""
        if self.pause is not None:
            until = f", until {stamp(self.pause.until)}" if self.pause.until else ""
            wide = f" with {self.pause.selector}" if self.pause.selector != str(self.agent) else ""
            what = f"{self.agent}{wide} by {self.pause.by}{until}: {_first_line(self.pause.reason)}"
            page.line(Span("paused ", "bad"), what)
        if self.at.hold is not None:
            page.line(Span("held ", "warn"), f"{self.agent} by {self.at.hold.by}: {_first_line(self.at.hold.reason)}")
        for alarm in self.at.alarms if self.at.hold is not None else ():
            tag, _, there = alarm.partition(" ")
            gone = "is gone" if there == "none" else f"points at {there[:9]}"
            page.line(Span("alarm ", "bad"), f"{self.agent}: the tag of {self.version(tag)} {gone}")

    def tell_waits(self, page: Page) -> None:
        """What it waits for, and how it is judged; what calls for people at once is no wait, and says its rule."""
        for wait in self.waits:
            if wait.is_alarm:
                page.line(Span("alarm ", "bad"), f"{self.agent}: {in_words(wait)} ({BAKE_FAILED})")
            else:
                page.line(Span("waits ", "dim"), f"{self.agent}: {in_words(wait)}")
        if words := self.judged.words() if self.judged is not None else "":
            page.line(Span("judged ", "dim"), f"{self.agent}: {words}")
        for text in self.lacks():
            page.line(Span("lacks ", "warn"), f"{self.agent}: {text}")

    def lacks(self) -> list[str]:
        """The evidence that its next release lacks, where no wait says so already."""
        said = {wait.message for wait in self.waits if wait.gate == "evidence"}
        texts = {BEFORE[stage]: ", ".join(missing) for stage, missing in self.missing.items()}
        return [f"{text} {before}" for before, text in texts.items() if f"evidence: {text}" not in said]

    def document(self) -> dict[str, Any]:
        """All of it, as documents carry it."""
        at = self.at
        share = at.canary.share / 100_000 if is_ramping(at) else 0
        return {
            "agent": str(self.agent),
            "stages": {
                "staging": {**self._release(at.staging.release), **_state(at.staging.state, at.staging.since)},
                "canary": {
                    **self._release(at.canary.release),
                    "share": share,
                    **_state(at.canary.state, at.canary.since),
                },
                "production": {
                    **self._release(at.production.release),
                    **_state(at.production.state, at.production.since),
                },
            },
            "paused": self.pause is not None,
            "pauseMode": self.pause.mode if self.pause is not None else None,
            "pause": _pause_json(self.pause) if self.pause is not None else None,
            "hold": at.hold is not None,
            "holding": {"by": at.hold.by, "reason": at.hold.reason} if at.hold is not None else None,
            "alarms": [_alarm_json(alarm) for alarm in at.alarms],
            "waits": [wait_json(wait) for wait in self.waits],
            "missing": {stage: list(texts) for stage, texts in self.missing.items()},
            "judged": self.judged.document() if self.judged is not None else None,
        }

    def _release(self, tag: str) -> dict[str, str | None]:
        release = self.releases.get(tag)
        if release is None:
            return {"release": None, "tag": tag or None, "commit": None, "closure": None}
        return {"release": release.name, "tag": release.tag, "commit": release.commit, "closure": release.closure}


def standing_of(
    view: View, agent: AgentId, now: int, waits: tuple[Wait, ...] = (), judged: Judged | None = None
) -> Standing:
    """Where an agent stands by this view; `now` is the machine's clock, which may be ahead of the journal's."""
    releases = {one.tag: one for one in view.state.releases(agent)}
    pause = pause_of(view, agent, max(now, view.state.head.time))
    at = view.state.deployment(agent)
    return Standing(agent, at, releases, pause, waits, missing_of(view, at, releases.values()), judged)


def missing_of(view: View, at: Deployment, releases: Collection[Release]) -> dict[StageName, tuple[str, ...]]:
    """What the release that is next for production lacks before the stages ahead of it."""
    going = next((one for one in releases if one.tag == candidate(at)), None) or _waiting(at, releases)
    if going is None:
        return {}
    ahead: tuple[StageName, ...] = ("staging", "pass", "canary", "production")
    if going.tag == candidate(at):
        ahead = ahead[3 if is_ramping(at) else 2 if at.staging.state == "PASSED" else 1 :]
    found = {stage: awaited_for(view, going, stage) for stage in ahead}
    return {stage: missing for stage, missing in found.items() if missing}


def _waiting(at: Deployment, releases: Collection[Release]) -> Release | None:
    """The newest release, where it may still come after what production runs."""
    newest = next(reversed(list(releases)), None)
    if newest is None or newest.tag in (at.production.release, *at.withdrawn) or newest.closure in at.bad:
        return None
    running = next((one for one in releases if one.tag == at.production.release), None)
    return newest if is_newer(newest, running) else None


def in_words(wait: Wait) -> str:
    """What is waited for, how much of it is left, and when it is about to open; nobody promises that."""
    about = rough_duration(wait.eta) if wait.eta else ""
    if wait.remaining:
        when = f", in about {about}" if about not in ("", wait.remaining) else ""
        return f"{wait.message} ({wait.remaining} to go{when})"
    if wait.eta is None:
        return wait.message
    return f"{wait.message}, opens in about {about}" if about else f"{wait.message}, now"


def wait_json(wait: Wait) -> dict[str, Any]:
    """The same, as documents carry it."""
    told = {"rule": wait.rule, "message": wait.message, "remaining": wait.remaining}
    return {**told, "gate": wait.gate, "etaSeconds": wait.eta}


def _first_line(text: str) -> str:
    """The first line of what somebody gave as the reason."""
    return text.partition("\n")[0] or "no reason was given"


def _state(state: str, since: int) -> dict[str, Any]:
    return {"state": state, "since": since or None}


def _alarm_json(alarm: str) -> dict[str, str]:
    tag, _, there = alarm.partition(" ")
    return {"tag": tag, "observed": there}


def _pause_json(pause: Pause) -> dict[str, Any]:
    return {
        "selector": pause.selector,
        "mode": pause.mode,
        "by": pause.by,
        "reason": pause.reason,
        "until": pause.until or None,
    }
