"""`agentgov alert rules`: which alert rules hold, for the fleet or for one agent, and what each of them makes of it."""

import click

from agentgov.alerts.alert import RELEASE
from agentgov.alerts.evaluating import Known
from agentgov.alerts.judged import Judged
from agentgov.alerts.wording import rule_in_words
from agentgov.cli import parameters
from agentgov.cli.context import open_context
from agentgov.cli.options import answer, format_option, repo_option, store_option
from agentgov.model.names import AgentId
from agentgov.report.page import Page, Span, Style

_STYLES: dict[str, Style] = {"firing": "bad", "held": "warn", "clear": "good", "unknown": "dim"}


@click.command()
@click.argument("agent", type=parameters.agent, metavar="[AGENT]", required=False)
@click.option("--now", "ask", is_flag=True, help="Ask them about AGENT, at the store: what fires, what holds it back.")
@store_option
@repo_option
@format_option()
def rules(agent: AgentId | None, ask: bool, store: str | None, repo: str, output: str) -> int:
    """Alert rules that hold: those by default, and those of governance/alerts.yaml.

    With AGENT only what is about it. --now says of each rule what it sees, and which gate holds it back.
    """
    from agentgov.alerts.defaults import effective
    from agentgov.errors import UsageError

    if ask and agent is None:
        raise UsageError("--now is about one agent", "agentgov alert rules WORKSPACE/AGENT --now")
    policy = open_context(repo).view().governance.alerts
    held = effective(policy)
    if agent is not None and ask:
        return _asked(agent, store, repo, output)
    shown = [watch for watch in held if agent is None or _named(watch.rule.match.agents, agent)]
    page = Page().table(
        ("rule", "severity", "looks for", "agents", "from"),
        [
            (
                *(watch.name, watch.rule.severity, rule_in_words(watch), " ".join(watch.rule.match.agents) or "all"),
                "default" if watch.default else "alerts.yaml",
            )
            for watch in shown
        ],
    )
    off = policy.off if policy is not None else ()
    for one in off:
        page.line(Span(f"off: {one.rule}, ", "warn"), one.reason)
    listed = [
        {"name": one.name, "signal": one.rule.signal, "severity": one.rule.severity, "default": one.default}
        | {"agents": list(one.rule.match.agents), "says": rule_in_words(one)}
        for one in shown
    ]
    document = {"schema": "agentgov.alert-rules/1", "rules": listed}
    answer(output, page, document | {"off": [{"rule": one.rule, "reason": one.reason} for one in off]})
    return 0


def _named(patterns: tuple[str, ...], agent: AgentId) -> bool:
    from agentgov.trust.verbs import in_scope

    return not patterns or any(in_scope(pattern, agent) for pattern in patterns)


def _asked(agent: AgentId, store: str | None, repo: str, output: str) -> int:
    """What the rules make of an agent now; 1 where any fires."""
    from agentgov.alerts.asking import ask
    from agentgov.alerts.defaults import effective
    from agentgov.alerts.knowing import known_of
    from agentgov.cli.run_time.store_visit import visiting
    from agentgov.model.document import ENVIRONMENTS
    from agentgov.repo import clock
    from agentgov.runtime.fleet import Fleet
    from agentgov.runtime.known_terms import KnownTerms

    with visiting(repo, store) as visit:
        fleet, terms = Fleet(visit.view), KnownTerms()
        known: dict[tuple[str, str], Known] = {
            (str(agent), one): known_of(fleet, terms, agent, one, stopped=False) for one in ENVIRONMENTS
        }
        held = effective(fleet.governance.alerts)
        found = visit.store.read(lambda tx: ask(tx, held, known, clock.now() * 1000)).result()
    page = Page()
    if not found:
        page.line("no run of it was ever heard of here, so no rule can say anything")
    else:
        page.table(("environment", "rule", "state", "what it sees", "held back by"), [_row(*one) for one in found])
    listed = [_values(*one) for one in found]
    answer(output, page, {"schema": "agentgov.alert-rules-now/1", "agent": str(agent), "rules": listed})
    return int(any(one.state == "firing" for _, _, one in found))


def _row(environment: str, rule: str, judged: Judged) -> tuple[str | Span, ...]:
    canary = dict(judged.about).get(RELEASE, "")
    place = f"{environment}, canary {canary}" if canary else environment
    return place, rule, Span(judged.state, _STYLES[judged.state]), judged.said, judged.held_by


def _values(environment: str, rule: str, one: Judged) -> dict[str, object]:
    numbers = {"observed": one.observed, "baseline": one.baseline, "count": one.count, "chance": one.chance}
    told = {"environment": environment, "rule": rule, "state": one.state, "says": one.said, "heldBy": one.held_by}
    return {**told, **numbers, "about": dict(one.about)}
