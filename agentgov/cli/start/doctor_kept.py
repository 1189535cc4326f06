"""Doctor on how long records are kept: agents without a class, classes shorter than what they name, holds for ever."""

from datetime import date, timedelta

from agentgov.cli.start.doctor_check import Check, Checks, Fleet
from agentgov.model.frameworks import FRAMEWORKS
from agentgov.model.policies import Retention
from agentgov.model.units import parse_duration
from agentgov.report.findings import plural

_LONG = timedelta(days=365)  # after which somebody asks whether a hold still holds


def retention(fleet: Fleet) -> Checks:
    """What is kept for ever, or not for as long as it has to be."""
    kept = fleet.view.governance.retention
    found = [*_agents(fleet, kept), *(() if kept is None else (*_classes(kept), *_holds(kept, fleet.today)))]
    yield from found
    if not found and fleet.agents:
        message = f"{plural(len(fleet.agents), 'agent')}, each says how long records are kept"
        yield Check("doctor.retention", "good", message)


def _agents(fleet: Fleet, kept: Retention | None) -> Checks:
    names = ", ".join(kept.classes) if kept is not None else ""
    which = f"write one of {names}" if names else "the class comes first: agentgov retention new"
    if kept is None and fleet.agents:
        message = "all records are kept for ever: there is no governance/retention.yaml"
        yield Check("doctor.retention", "warn", message, "agentgov retention new")
    for agent, document in fleet.agents.items():
        audit = document.spec.audit
        if audit.retention or (kept is not None and kept.default):
            continue
        fix = f"add audit.retention to {agent.file}"
        if audit.payloads == "full":
            message = f"all that {agent} reads and writes is kept, for ever: it has no class of retention"
            yield Check("doctor.retention-full", "bad", message, fix, which)
        elif kept is not None:
            message = f"records of {agent} are kept for ever: it has no class of retention"
            yield Check("doctor.retention", "warn", message, fix, which)


def _classes(kept: Retention) -> Checks:
    for name, one in kept.classes.items():
        for framework in filter(FRAMEWORKS.__contains__, one.frameworks):
            least = FRAMEWORKS[framework]
            if parse_duration(one.leaf) < least.seconds:
                message = f"the class {name} keeps records {one.leaf}, and {least.source} asks for {least.period}"
                yield Check("doctor.retention-short", "bad", message, "agentgov retention check")


def _holds(kept: Retention, today: date) -> Checks:
    for one in kept.holds:
        try:
            days = (today - date.fromisoformat(one.since)).days
        except ValueError:
            days = 0  # `validate` names it
        if days > _LONG.days:
            message = f"the hold {one.id} of {one.by} has stood for {days} days, and no hold ends by itself"
            fix = f"ask {one.by}; where it is over, take {one.id} out of governance/retention.yaml"
            yield Check("doctor.hold-old", "warn", message, fix)
