"""A new agent claims the least that its workspace allows, and who owns a folder is judged as validation judges it."""

import pytest

from agentgov.model.access import Access, Administrators, ForgeAccount, Person, Team
from agentgov.model.fleet import AllowDeny, DataCeiling, RiskFloor, SharedBudget, Workspace
from agentgov.model.policies import ModelPrice, PriceList
from agentgov.scaffold.limits import handle_of, limits_for, model_for, owns
from agentgov.validate.limits import refusal
from agentgov.validate.load import Parts

ACCESS = Access(
    administrators=Administrators(who=("ann",)),
    people=(
        Person(id="ann", emails=("ann@x.example",)),
        Person(id="ben", github=ForgeAccount(login="ben-x", id=1)),
        Person(id="eve", emails=("eve@localhost",)),
    ),
    teams=(Team(id="care", members=("ann", "ben"), handles=("@x/care",)), Team(id="bare", members=("ann",))),
)


@pytest.mark.parametrize(
    ("allow", "deny", "expected"),
    [
        ((), (), "anthropic/claude-sonnet-4-5"),
        (("openai/*",), (), "openai/gpt-4o"),
        (("anthropic/*",), ("*sonnet*",), "anthropic/claude-haiku-4-5"),
        (("mistral/large-3", "mistral/*"), (), "mistral/large-3"),
        (("mistral/*",), (), "mistral/model"),
    ],
)
def test_the_model_is_allowed(allow: tuple[str, ...], deny: tuple[str, ...], expected: str) -> None:
    models = AllowDeny(allow=allow, deny=deny)
    assert model_for(models) == expected
    assert not refusal(models, model_for(models))


def test_the_model_has_a_price_where_there_are_prices() -> None:
    models = AllowDeny(allow=("openai/*", "mistral/*"))
    price = ModelPrice("1", "2")
    prices = PriceList("EUR", "2026-11-01", {"google/g": price, "mistral/large": price})
    assert model_for(models, tuple(prices.models)) == "mistral/large"
    assert model_for(models, ("google/g",)) == "openai/gpt-4o"
    assert limits_for(None, [], prices).model == "google/g"
    assert limits_for(None, [], prices).currency == "EUR"


def test_risk_data_and_currency_follow_the_workspace() -> None:
    strict = Workspace(
        name="a",
        owner="ann",
        risk=RiskFloor(floor="high"),
        data=DataCeiling(ceiling="public"),
        budget=SharedBudget(month="5.00 EUR"),
    )
    limits = limits_for(strict, [strict])
    assert (limits.risk, limits.classification, limits.currency) == ("high", "public", "EUR")


def test_a_new_workspace_has_the_currency_of_the_fleet() -> None:
    other = Workspace(name="b", owner="ann", budget=SharedBudget(day="1 CHF"))
    assert limits_for(None, [other]).currency == "CHF"
    assert limits_for(None, []).currency == "USD"


@pytest.mark.parametrize(
    ("owner", "expected"),
    [("team:care", "@x/care"), ("ann", "ann@x.example"), ("ben", "@ben-x"), ("team:bare", None), ("eve", None)],
)
def test_how_codeowners_calls_somebody(owner: str, expected: str | None) -> None:
    assert handle_of(ACCESS, owner) == expected


@pytest.mark.parametrize(
    ("line", "owner", "expected"),
    [
        ("* @x/care", "team:care", True),
        ("* @x/care", "ben", True),
        ("* ann@x.example", "team:care", False),
        ("* ann@x.example", "team:bare", True),
        ("/other/ @x/care", "team:care", False),
        ("", "ann", False),
    ],
)
def test_whether_the_owner_owns_the_folder(line: str, owner: str, expected: bool) -> None:
    parts = Parts(None, ACCESS, None, {}, f"{line}\n", ".github/CODEOWNERS", ())
    assert owns(parts, "agents/a/b/agent.yaml", owner) is expected


def test_a_handle_is_that_of_the_forge() -> None:
    person = Person(id="eve", github=ForgeAccount(login="eve-hub", id=1), gitlab=ForgeAccount(login="eve.lab", id=2))
    team = Team(id="t", handles=("@a/b/c",))
    access = Access(administrators=Administrators(who=("eve",)), people=(person,), teams=(team,))
    assert (handle_of(access, "eve"), handle_of(access, "eve", "gitlab")) == ("@eve-hub", "@eve.lab")
    assert (handle_of(access, "team:t"), handle_of(access, "team:t", "gitlab")) == (None, "@a/b/c")
