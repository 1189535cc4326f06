"""What a new agent may claim in its workspace, and whether its owner owns its folder. Pure; the least is chosen.

The same rules are checked by validation; here they are followed, so that a new agent has nothing to correct.
"""

from collections.abc import Iterable

from agentgov.model.access import Access
from agentgov.model.document import CLASSIFICATIONS
from agentgov.model.fleet import AllowDeny, Workspace
from agentgov.model.policies import PriceList
from agentgov.owners.codeowners import Dialect, match, parse
from agentgov.owners.gitlab import references
from agentgov.scaffold.agent import Limits
from agentgov.scaffold.forge import is_owner
from agentgov.trust.identity import Directory
from agentgov.validate.limits import refusal
from agentgov.validate.load import Parts

# Tried in this order where a workspace allows several.
_MODELS = (
    "anthropic/claude-sonnet-4-5",
    "anthropic/claude-haiku-4-5",
    "openai/gpt-4o",
    "openai/gpt-4o-mini",
    "google/gemini-2.5-flash",
)


def limits_for(workspace: Workspace | None, others: Iterable[Workspace], prices: PriceList | None = None) -> Limits:
    """The least that an agent of the workspace may claim; a workspace that is not there yet has no limits.

    The currency is that of the fleet's workspaces, or else of its price list; with one, the model has a price.
    """
    amounts = [amount for other in others for amount in (other.budget.month, other.budget.day) if amount]
    currency = amounts[0][-3:] if amounts else prices.currency if prices is not None else Limits().currency
    priced = () if prices is None else tuple(prices.models)
    if workspace is None:
        return Limits(model_for(AllowDeny(), priced), currency=currency)
    ceiling = CLASSIFICATIONS.index(workspace.data.ceiling)
    classification = CLASSIFICATIONS[min(ceiling, CLASSIFICATIONS.index(Limits().classification))]
    return Limits(model_for(workspace.models, priced), workspace.risk.floor, classification, currency)


def model_for(models: AllowDeny, priced: tuple[str, ...] = ()) -> str:
    """A model that the workspace allows: a well-known one, else one that its list spells out, else one made to fit.
    Where some models have a price, one of those, if any is allowed."""
    spelled = [pattern for pattern in models.allow if "*" not in pattern]
    made = [pattern.replace("*", "model") for pattern in models.allow if "/" in pattern]
    known = [name for name in (*_MODELS, *spelled, *priced, *made) if not refusal(models, name)]
    return next((name for name in known if name in priced), known[0] if known else _MODELS[0])


def owns(parts: Parts, path: str, owner: str) -> bool:
    """Whether CODEOWNERS gives the path to an owner: to each of their people, or to their team by its handle."""
    if parts.access is None:
        return False
    directory = Directory(parts.access)
    owners = match(parse(parts.codeowners, parts.codeowners_file, parts.dialect), path).owners
    people = frozenset[str]().union(*(directory.by_handle(handle, parts.dialect) or () for handle in owners))
    handles = {handle.lower() for team in parts.access.teams if f"team:{team.id}" == owner for handle in team.handles}
    return bool(handles & {name.lower() for name in owners}) or directory.members(owner) <= people


def handle_of(access: Access, owner: str, dialect: Dialect = "github") -> str | None:
    """How CODEOWNERS calls a person or team: a handle, an account, or an e-mail address; None where there is none."""
    names: list[str] = []
    for team in access.teams:
        if f"team:{team.id}" == owner:
            names += team.handles
    for person in access.people:
        if person.id == owner:
            account = person.github if dialect == "github" else person.gitlab
            names += [f"@{account.login}"] if account is not None else []
            names += person.emails
    usable = is_owner if dialect == "github" else lambda name: references(name) == (name,)
    return next(filter(usable, names), None)
