"""Does an agent stay within the limits of its workspace: models, tools, risk floor, data ceiling, one currency.

The same limits hold at run time without a release; here they are told before anybody reviews.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping

from agentgov.model import guess
from agentgov.model.document import CLASSIFICATIONS, RISKS
from agentgov.model.finding import Finding
from agentgov.model.fleet import AllowDeny, SharedBudget, Workspace
from agentgov.model.governed import FLEET_FILE, PRICES_FILE
from agentgov.validate import pointers
from agentgov.validate.view import Subject, View

Money = tuple[str, str, str]  # file, pointer, amount as written


def check_agent(view: View, subject: Subject) -> Iterator[Finding]:
    """What an agent claims against the limits of its workspace."""
    workspace = view.parts.workspaces.get(subject.id.workspace)
    if workspace is None:
        return
    spec, file = subject.agent.spec, subject.file
    models = [("/spec/model/primary", spec.model.primary)]
    models += [(f"/spec/model/fallback/{index}", name) for index, name in enumerate(spec.model.fallback)]
    for pointer, model in models:
        why = refusal(workspace.models, model)
        if why:
            message = f"the model {model} is not allowed in {workspace.name}: {why}"
            fix = guess.question(model, _models(view, workspace.models)) or _allowed(workspace.models)
            yield view.at("limit.model", file, pointer, message, fix)
    for index, tool in enumerate(spec.tools):
        why = refusal(workspace.tools, tool.name)
        if why:
            message = f"the tool {tool.name} is not allowed in {workspace.name}: {why}"
            yield view.at("limit.tool", file, f"/spec/tools/{index}/name", message, _allowed(workspace.tools))
    yield from _levels(view, subject, workspace)


def _models(view: View, limits: AllowDeny) -> list[str]:
    """The models that are allowed and known by name: those of the list, and those that have a price."""
    priced = view.parts.prices.models if view.parts.prices is not None else ()
    named = (name for name in (*limits.allow, *priced) if "*" not in name)
    return [name for name in dict.fromkeys(named) if not refusal(limits, name)]


def refusal(limits: AllowDeny, name: str) -> str:
    """Why a name is not allowed, empty where it is: deny wins, and a list of what is allowed is complete."""
    denied = next((pattern for pattern in limits.deny if covers(pattern, name)), None)
    if denied is not None:
        return f"{denied} is denied"
    if limits.allow and not any(covers(pattern, name) for pattern in limits.allow):
        return "it is not on the list"
    return ""


def covers(pattern: str, name: str) -> bool:
    """Whether a pattern matches a name as a whole; `*` stands for any characters, nothing else is special."""
    return bool(covered(pattern, (name,)))


def covered(pattern: str, names: Iterable[str]) -> list[str]:
    """Which names a pattern matches as a whole, in their order."""
    if "*" not in pattern:
        return [name for name in names if name == pattern]
    first, *middle, last = pattern.split("*")
    least = len(first) + len(last)
    found = [name for name in names if name.startswith(first) and name.endswith(last) and len(name) >= least]
    if not any(middle):
        return found
    return [name for name in found if _in_turn(middle, name, len(first), len(name) - len(last))]


def _in_turn(pieces: Iterable[str], name: str, at: int, end: int) -> bool:
    """Whether pieces stand one behind the other in a part of a name. Each as far left as it can, which takes no more
    time than the name is long, however many there are."""
    for piece in pieces:
        at = name.find(piece, at, end)
        if at < 0:
            return False
        at += len(piece)
    return True


def check_currency(
    view: View, agents: Mapping[str, Mapping[str, int]], amounts_in: Callable[[str], Iterable[Money]]
) -> Iterator[Finding]:
    """One currency a fleet: that of the workspaces, or else of the price list, or else of most amounts.

    `agents` counts the amounts in each currency, by the agent's folder; `amounts_in` tells those of one folder.
    """
    of_workspaces, of_prices = list(workspace_money(view)), list(_price_list(view))
    count = currencies(of_workspaces) or currencies(of_prices) or _sum(agents.values())
    if not count:
        return
    currency = max(sorted(count), key=lambda name: count[name])
    folders = (folder for folder, counts in agents.items() if counts and counts.keys() != {currency})
    for file, pointer, amount in (
        *of_workspaces,
        *of_prices,
        *(money for folder in folders for money in amounts_in(folder)),
    ):
        if amount[-3:] != currency:
            message = f"{amount} is not in {currency}, the currency of this fleet"
            yield view.at("limit.currency", file, pointer, message, f"write the amount in {currency}")


def currencies(amounts: Iterable[Money]) -> dict[str, int]:
    """How many amounts are in each currency."""
    return dict(Counter(amount[-3:] for _, _, amount in amounts))


def _price_list(view: View) -> Iterator[Money]:
    if view.parts.prices is not None:
        yield PRICES_FILE, "/currency", f"a price list in {view.parts.prices.currency}"


def workspace_money(view: View) -> Iterator[Money]:
    """Every amount in the budgets of workspaces and of the fleet."""
    for name, workspace in view.parts.workspaces.items():
        yield from _shared(f"governance/workspaces/{name}.yaml", workspace.budget)
    if view.parts.fleet is not None:
        yield from _shared(FLEET_FILE, view.parts.fleet.budget)


def _shared(file: str, budget: SharedBudget) -> Iterator[Money]:
    for field in ("day", "month"):
        if amount := getattr(budget, field):
            yield file, f"/budget/{field}", amount
    for window, amount in budget.rolling.items():
        yield file, pointers.child("/budget/rolling", window), amount


def agent_money(subject: Subject) -> Iterator[Money]:
    """Every amount in an agent.yaml, overrides of environments included."""
    spec, file = subject.agent.spec, subject.file
    for field in ("day", "month", "run"):
        amount = getattr(spec.budget, field)
        if amount:
            yield file, f"/spec/budget/{field}", amount
    for window, amount in spec.budget.rolling.items():
        yield file, pointers.child("/spec/budget/rolling", window), amount
    for index, tool in enumerate(spec.tools):
        if tool.cost:
            yield file, f"/spec/tools/{index}/cost", tool.cost
    for name, patch in spec.environments.items():
        budget = patch.get("budget") or {}
        for field in ("day", "month", "run"):
            if budget.get(field):
                yield file, f"/spec/environments/{name}/budget/{field}", budget[field]
        for window, amount in (budget.get("rolling") or {}).items():
            if amount:
                yield file, pointers.child(f"/spec/environments/{name}/budget/rolling", window), amount


def _sum(counts: Iterable[Mapping[str, int]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for count in counts:
        for currency, number in count.items():
            total[currency] += number
    return total


def _levels(view: View, subject: Subject, workspace: Workspace) -> Iterator[Finding]:
    spec, floor, ceiling = subject.agent.spec, workspace.risk.floor, workspace.data.ceiling
    if RISKS.index(spec.risk) < RISKS.index(floor):
        message = f"risk {spec.risk} is below the floor of {workspace.name}, {floor}"
        yield view.at("limit.risk", subject.file, "/spec/risk", message, f"write risk: {floor} or higher")
    claimed = spec.data.classification
    if CLASSIFICATIONS.index(claimed) > CLASSIFICATIONS.index(ceiling):
        message = f"{claimed} data is above the ceiling of {workspace.name}, {ceiling}"
        fix = f"write classification: {ceiling} or lower"
        yield view.at("limit.data", subject.file, "/spec/data/classification", message, fix)


def _allowed(limits: AllowDeny) -> str:
    return f"allowed: {', '.join(limits.allow)}" if limits.allow else ""
