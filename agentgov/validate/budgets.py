"""Do the limits of a budget make sense: of an agent, of a workspace, of the fleet.

The smaller period stays below the larger one, rolling windows are such as the gate can count, zones exist. Amounts have
been checked by the schema's patterns; here they are compared.
"""

from collections.abc import Iterator, Mapping
from itertools import pairwise

from agentgov.model.agent import ROLLING, Budget
from agentgov.model.finding import Finding
from agentgov.model.fleet import SharedBudget
from agentgov.model.governed import FLEET_FILE
from agentgov.model.units import format_duration, parse_duration, parse_money
from agentgov.validate import pointers
from agentgov.validate.schedules import zone_problem
from agentgov.validate.view import View

Told = tuple[str, str, str, str]  # code, pointer below the budget, message, fix
_CALENDAR = ("run", "day", "month")


def check(view: View) -> Iterator[Finding]:
    """The budgets of the fleet and of its workspaces."""
    fleet = view.parts.fleet
    budgets = [(FLEET_FILE, fleet.budget)] if fleet is not None else []
    budgets += [(f"governance/workspaces/{name}.yaml", one.budget) for name, one in view.parts.workspaces.items()]
    for file, budget in budgets:
        for code, pointer, message, fix in problems(budget):
            yield view.at(code, file, f"/budget{pointer}", message, fix)


def problems(budget: Budget | SharedBudget) -> Iterator[Told]:
    """What does not make sense in one budget."""
    windows = [(f"a {name}", f"/{name}", amount) for name in _CALENDAR if (amount := getattr(budget, name, ""))]
    yield from _order(windows)
    yield from _rolling(budget.rolling)
    if budget.zone and (found := zone_problem(budget.zone)):
        yield "content.unknown-zone", "/zone", *found


def _rolling(windows: Mapping[str, str]) -> Iterator[Told]:
    shortest, longest = (format_duration(one) for one in ROLLING)
    known: dict[int, str] = {}
    for text in windows:
        seconds, pointer = parse_duration(text), pointers.child("/rolling", text)
        if not ROLLING[0] <= seconds <= ROLLING[1]:
            message = f"a rolling window of {text} cannot be counted: it lasts {shortest} to {longest}"
            yield "content.rolling-window", pointer, message, "write another length, such as 24h"
        elif seconds in known:
            message = f"{text} is as long as {known[seconds]}, and only one of them can hold"
            yield "content.rolling-window", pointer, message, "keep the smaller amount"
        known.setdefault(seconds, text)
    named = [known[one] for one in sorted(known)]
    yield from _order([(text, pointers.child("/rolling", text), windows[text]) for text in named])


def _order(windows: list[tuple[str, str, str]]) -> Iterator[Told]:
    """Limits from the shorter window to the longer one: (what it is called, where it stands, amount)."""
    for (small, pointer, less), (large, _, more) in pairwise(windows):
        if less[-3:] == more[-3:] and parse_money(less)[0] > parse_money(more)[0]:
            message = f"the budget of {small} ({less}) is more than that of {large} ({more})"
            yield "content.budget-order", pointer, message, "lower it"
