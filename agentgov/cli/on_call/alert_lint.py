"""`agentgov alert lint`: rules that can never fire here, or that reach nobody who knows what to do."""

from typing import TYPE_CHECKING

import click

from agentgov.cli.options import answer, format_option, repo_option, store_option
from agentgov.report.page import Page, Span

if TYPE_CHECKING:
    from collections.abc import Iterable

    from agentgov.alerts.watched import Watched
    from agentgov.model.playbook import Playbook

_SERIES = {
    "errors": "runs",
    "denials": "calls",
    "spend": "money",
    "cost": "runs",
    "latency": "runs",
    "unseen-tool": "tool",
    "unseen-model": "model",
    "unseen-domain": "domain",
    "tool-mix": "tool",
    "loop": "runs",
    "silence": "runs",
}
_WEEK = 7 * 86_400_000


@click.command()
@store_option
@repo_option
@format_option()
def lint(store: str | None, repo: str, output: str) -> int:
    """Alert rules that reach nobody: inert ones, pages without a playbook, routes without a rule or an address.

    A rule is inert for an agent of which nothing came within a week that the rule looks at. Exit code 1 where there is
    anything to tell.
    """
    from agentgov.alerts.addressing import unreached
    from agentgov.alerts.asking import never_fed
    from agentgov.alerts.defaults import effective
    from agentgov.cli.practice import practice_of
    from agentgov.cli.run_time.store_visit import visiting
    from agentgov.repo import clock
    from agentgov.trust.verbs import in_scope

    with visiting(repo, store) as visit:
        policy, agents = visit.view.governance.alerts, sorted(visit.view.agents())
        since = clock.now() * 1000 - _WEEK
        lacks = visit.store.read(lambda tx: never_fed(tx, [str(one) for one in agents], since)).result()
    found: list[tuple[str, str, str]] = []
    for watch in effective(policy):
        series = _SERIES.get(watch.rule.signal, "")
        about = [one for one in agents if not (m := watch.rule.match.agents) or any(in_scope(p, one) for p in m)]
        inert = [str(one) for one in about if series in lacks[str(one)]]
        if series and about and len(inert) == len(about):
            found.append((watch.name, "no agent", f"nothing came of {series} within a week: it cannot fire"))
        elif inert and not watch.default:
            found += [(watch.name, one, f"nothing came of {series} within a week") for one in inert]
    found += _unplayed(practice_of(visit.view).playbooks.values(), effective(policy))
    names = {watch.name for watch in effective(policy)}
    for route in policy.routes if policy is not None else ():
        if route.match.rules and not names & set(route.match.rules):
            found.append((route.name or route.to, "route", "no rule that holds reaches it"))
        found += [(route.name or route.to, str(agent), why) for agent, why in unreached(route, visit.view, agents)]
    page = Page()
    if found:
        page.table(("rule", "about", "why"), found)
    else:
        page.line(Span("sound ", "good"), f"{len(names)} rules, and each has something to look at")
    listed = [{"rule": rule, "about": about, "why": why} for rule, about, why in found]
    answer(output, page, {"schema": "agentgov.alert-lint/1", "findings": listed})
    return int(bool(found))


def _unplayed(playbooks: "Iterable[Playbook]", rules: "Iterable[Watched]") -> list[tuple[str, str, str]]:
    """The rules that wake somebody for whom no playbook says what to do."""
    from agentgov.model.playbook_kinds import KIND_OF

    known = {name for one in playbooks for name in one.match.alerts or ("*",)}
    return [
        (one.name, "playbook", f"no playbook is about it: agentgov playbook new {KIND_OF[one.rule.signal]}")
        for one in rules
        if one.rule.severity == "page" and not {"*", one.name} & known
    ]
