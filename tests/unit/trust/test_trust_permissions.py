"""No binding, no right; production is never implied; every binding that has a say is named."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentgov.model.access import Access, Administrators, Binding, Bot, BotKind, Person, Role, Team
from agentgov.model.act import GRAMMAR
from agentgov.model.document import Environment
from agentgov.model.names import AgentId, agent_id
from agentgov.model.verdict import Effect, Verdict
from agentgov.trust.permissions import decide_bot_act, decide_permission, decide_threshold, standing, who_can
from agentgov.trust.verbs import BOT_ACTS, VERBS, in_scope, is_scope, role_verbs

_TODAY = date(2026, 11, 22)
_REFUND = AgentId("support", "refund-assistant")
_TRIAGE = AgentId("support", "triage")
_CLOSE = AgentId("finance", "close")

_ACCESS = Access(
    administrators=Administrators(who=("carol", "dave"), threshold=2),
    people=tuple(Person(id=name) for name in ("alice", "bob", "carol", "dave", "erin", "frank", "grace")),
    bots=(Bot(id="gate", kind="gate"), Bot(id="reconciler", kind="reconciler")),
    teams=(Team(id="payments", members=("alice", "bob")), Team(id="managers", members=("bob",))),
    roles=(Role(name="on-call", verbs=("pause", "rollback", "view")), Role(name="tester", verbs=("evidence",))),
    bindings=(
        Binding(role="operator", who=("team:payments",), agents=("support/*",), environments=("staging",)),
        Binding(role="operator", who=("alice",), agents=(str(_REFUND),), environments=("staging", "production")),
        Binding(role="on-call", who=("erin",), agents=("**",), environments=("production",)),
        Binding(role="viewer", who=("frank",), agents=("**",), until="2026-11-22"),
        Binding(role="auditor", who=("grace",), agents=("**",)),
        Binding(role="operator", who=("frank",), agents=("*/close",), environments=("production",), until="2026-11-21"),
        Binding(role="tester", who=("grace",), agents=("support/*",)),
    ),
)


def _ask(
    who: str,
    verb: str,
    agent: AgentId | None = _REFUND,
    environment: Environment | None = None,
    *,
    today: date = _TODAY,
    access: Access = _ACCESS,
) -> Verdict:
    return decide_permission(access, who, verb, agent, environment, today)


def _rules(verdict: Verdict) -> list[str]:
    return [reason.rule for reason in verdict.reasons if reason.effect is not Effect.NOTE]


@pytest.mark.parametrize(
    ("who", "verb", "agent", "environment", "rules"),
    [
        # staging only
        ("bob", "promote", _TRIAGE, "staging", ["+access.binding"]),
        ("bob", "promote", _TRIAGE, "production", ["access.production-explicit"]),
        ("bob", "pause", _TRIAGE, None, ["access.production-explicit"]),
        ("bob", "promote", _CLOSE, "staging", ["access.no-binding"]),
        # environment-less verbs need no environment, whatever the binding lists
        ("bob", "review", _TRIAGE, None, ["+access.binding"]),
        ("bob", "review", _TRIAGE, "production", ["+access.binding"]),
        ("bob", "release", _TRIAGE, None, ["+access.binding"]),
        ("bob", "review", _CLOSE, None, ["access.no-binding"]),
        # explicit production
        ("alice", "promote", _REFUND, "production", ["+access.binding"]),
        ("alice", "promote", _REFUND, "staging", ["+access.binding", "+access.binding"]),
        ("alice", "promote", _TRIAGE, "production", ["access.production-explicit"]),
        # containment alone
        ("erin", "pause", _REFUND, "production", ["+access.binding"]),
        ("erin", "pause", _REFUND, None, ["+access.binding"]),
        ("erin", "pause", _REFUND, "staging", ["access.environment"]),
        ("erin", "pause", None, "production", ["+access.binding"]),
        ("erin", "promote", _REFUND, "production", ["access.no-binding"]),
        ("erin", "resume", _REFUND, "production", ["access.no-binding"]),
        # looking is not touching
        ("frank", "view", _REFUND, None, ["+access.binding"]),
        ("frank", "review", _REFUND, None, ["access.no-binding"]),
        ("frank", "pause", _REFUND, "production", ["access.no-binding"]),
        ("frank", "view-audit", None, None, ["access.no-binding"]),
        ("grace", "view-audit", None, None, ["+access.binding"]),
        ("grace", "export", None, None, ["+access.binding"]),
        ("grace", "pause", _REFUND, "staging", ["access.no-binding"]),
        # expired
        ("frank", "promote", _CLOSE, "production", ["access.expired"]),
        # administrators
        ("carol", "administer", None, None, ["+access.administrator"]),
        ("carol", "rollback", _CLOSE, "production", ["+access.administrator"]),
        ("carol", "review", _CLOSE, None, ["+access.administrator"]),
        ("carol", "export", None, None, ["access.no-binding"]),
        ("carol", "evidence", _REFUND, None, ["access.no-binding"]),
        ("alice", "administer", None, None, ["access.no-binding"]),
        # custom role
        ("grace", "evidence", _REFUND, None, ["+access.binding"]),
        ("grace", "evidence", _CLOSE, None, ["access.no-binding"]),
        # in no role
        ("carol", "permit", _REFUND, None, ["access.permit-by-rule"]),
        # nobody
        ("mallory", "view", _REFUND, None, ["access.unknown-person"]),
        ("", "view", _REFUND, None, ["access.unknown-person"]),
        ("team:payments", "review", _REFUND, None, ["access.unknown-person"]),
        ("gate", "pause", _REFUND, "production", ["access.bot"]),
        ("alice", "fly", _REFUND, None, ["access.unknown-verb"]),
        # a scope that is not the whole fleet does not answer for the whole fleet
        ("alice", "pause", None, "production", ["access.no-binding"]),
    ],
)
def test_the_table_of_rights(
    who: str, verb: str, agent: AgentId | None, environment: Environment | None, rules: list[str]
) -> None:
    verdict = _ask(who, verb, agent, environment)
    assert _rules(verdict) == [rule.removeprefix("+") for rule in rules]
    assert verdict.allowed == all(rule.startswith("+") for rule in rules)


def test_the_answer_names_the_binding_and_how_the_person_is_in_it() -> None:
    verdict = _ask("bob", "promote", _TRIAGE, "staging")
    (reason,) = verdict.reasons
    assert reason.message == "operator on support/* in staging through team:payments gives promote"
    assert reason.where is not None
    assert (reason.where.file, reason.where.pointer) == ("governance/access.yaml", "/bindings/0")
    assert verdict.facts == {"environment": "staging"}


def test_a_right_by_one_binding_is_not_spoiled_by_another() -> None:
    verdict = _ask("alice", "promote", _REFUND, "production")
    assert verdict.allowed
    assert [(r.rule, r.effect) for r in verdict.reasons] == [
        ("access.binding", Effect.ALLOW),
        ("access.production-explicit", Effect.NOTE),
    ]


def test_what_is_out_of_scope_is_told_but_is_not_the_offence() -> None:
    verdict = _ask("bob", "promote", _CLOSE, "staging")
    assert verdict.first_offence is not None
    assert verdict.first_offence.message == "no binding says that bob may promote finance/close in staging"
    assert [reason.rule for reason in verdict.reasons] == ["access.no-binding", "access.out-of-scope"]


def test_a_question_about_the_whole_fleet_is_answered_about_it() -> None:
    reasons = _ask("alice", "pause", None, "production").reasons
    assert reasons[0].message == "no binding says that alice may pause the whole fleet in production"
    assert "erin may open and run incidents of support/triage" in _ask("erin", "incident", _TRIAGE).reasons[0].message
    said = "operator on support/refund-assistant in staging and production does not cover the whole fleet"
    assert said in [one.message for one in reasons]
    said = "operator on support/* in staging through team:payments does not cover finance/close"
    assert said in [one.message for one in _ask("bob", "promote", _CLOSE, "staging").reasons]


def test_what_an_administrator_may_alone_and_what_takes_several_is_told_apart() -> None:
    for verb, said in (("administer", "what takes effect takes 2 of them"), ("pause", "an operator's rights")):
        (reason,) = [one for one in _ask("carol", verb, None, "production").reasons if one.effect is Effect.ALLOW]
        assert said in reason.message


def test_who_counts_for_a_threshold_is_named_and_more_than_enough_misses_none() -> None:
    one = Access(administrators=Administrators(who=("carol", "dave"), threshold=1), people=_ACCESS.people)
    for who, missing, named in ((("carol", "dave", "alice"), 0, "carol, dave"), ((), 1, "none")):
        verdict = decide_threshold(one, who)
        assert (verdict.facts["missing"], verdict.reasons[0].message.endswith(f": {named}")) == (missing, True)


def test_who_can_is_of_one_environment_and_of_production_where_none_is_named() -> None:
    def people(verb: str, environment: Environment | None) -> list[str]:
        return [grant.person for grant in who_can(_ACCESS, verb, _TRIAGE, environment, _TODAY)]

    assert people("promote", "staging") == ["alice", "bob", "carol", "dave"]
    assert people("promote", "production") == people("promote", None) == ["carol", "dave"]
    assert standing(_ACCESS, "fly", _TODAY) == ()


def test_a_binding_holds_to_the_end_of_its_last_day() -> None:
    for days, allowed in ((-400, True), (0, True), (1, False), (400, False)):
        assert _ask("frank", "view", today=_TODAY + timedelta(days=days)).allowed is allowed


@pytest.mark.parametrize("until", ["2027-02-30", "99999999", "9999-99-99", "tomorrow"])
def test_an_end_that_cannot_be_read_has_passed(until: str) -> None:
    access = Access(
        administrators=_ACCESS.administrators,
        people=_ACCESS.people,
        bindings=(Binding(role="viewer", who=("frank",), until=until),),
    )
    assert _rules(_ask("frank", "view", access=access)) == ["access.expired"]


def test_a_role_cannot_take_the_name_of_a_built_in_one_to_gain_verbs() -> None:
    access = Access(
        administrators=_ACCESS.administrators,
        people=_ACCESS.people,
        roles=(Role(name="viewer", verbs=("view", "pause")),),
        bindings=(Binding(role="viewer", who=("frank",), environments=("production",)),),
    )
    assert not _ask("frank", "pause", access=access).allowed
    assert _ask("frank", "view", access=access).allowed


def test_no_role_gives_what_only_administrators_or_action_rules_give() -> None:
    access = Access(
        administrators=_ACCESS.administrators,
        people=_ACCESS.people,
        roles=(Role(name="root", verbs=("administer", "permit")),),
        bindings=(Binding(role="root", who=("frank",), environments=("staging", "production")),),
    )
    for verb in ("administer", "permit"):
        assert not _ask("frank", verb, access=access).allowed
        assert "frank" not in {grant.person for grant in who_can(access, verb, None, None, _TODAY)}


def test_a_bot_has_the_acts_of_its_kind_and_no_rights() -> None:
    assert decide_bot_act(_ACCESS, "gate", "pause").allowed
    assert decide_bot_act(_ACCESS, "reconciler", "advance").allowed
    for bot, act in (("gate", "rollback"), ("gate", "administer"), ("reconciler", "review"), ("reconciler", "promote")):
        assert _rules(decide_bot_act(_ACCESS, bot, act)) == ["access.bot"]
        assert not decide_bot_act(_ACCESS, bot, act).allowed
    for stranger in ("alice", "nobody", ""):
        assert _rules(decide_bot_act(_ACCESS, stranger, "pause")) == ["access.unknown-bot"]
    both = Access(
        administrators=_ACCESS.administrators, people=(Person(id="gate"),), bots=(Bot(id="gate", kind="gate"),)
    )
    assert _rules(decide_bot_act(both, "gate", "pause")) == ["access.unknown-bot"]
    bound = Access(
        administrators=Administrators(who=("gate",)),
        people=_ACCESS.people,
        bots=_ACCESS.bots,
        teams=(Team(id="bots", members=("gate",)),),
        bindings=(Binding(role="operator", who=("gate", "team:bots"), environments=("production",)),),
    )
    assert not _ask("gate", "rollback", access=bound).allowed
    assert standing(bound, "rollback", _TODAY) == ()


def test_bots_acts_are_acts() -> None:
    later = {"incident"}  # acts of later issues
    for kind, acts in BOT_ACTS.items():
        assert acts - later <= set(GRAMMAR), kind
    personal = {"promote", "hold", "clear", "resume"}
    assert not personal & frozenset[str]().union(*BOT_ACTS.values())
    bots: tuple[BotKind, ...] = ("reconciler", "gate", "importer", "evidence")
    assert set(BOT_ACTS) == set(bots)


def test_the_built_in_roles_are_those_of_the_contract() -> None:
    operator = role_verbs("operator")
    assert operator == {
        *("review", "release", "promote", "abort", "hold", "clear", "retire", "rollback", "pause", "resume"),
        *("incident", "drill", "silence", "view", "token"),
    }
    assert role_verbs("viewer") == {"view"}
    assert role_verbs("auditor") == {"view", "view-audit", "export"}
    scoped = {name for name, verb in VERBS.items() if verb.environments}
    assert scoped == {
        *("promote", "abort", "hold", "clear", "retire", "rollback", "pause", "resume"),
        *("silence", "token"),
    }
    assert {*GRAMMAR} & {*VERBS} >= {"review", "promote", "abort", "hold", "clear", "rollback", "pause", "resume"}


@pytest.mark.parametrize(
    ("pattern", "covers"),
    [
        ("**", {"support/refund-assistant", "support/triage", "finance/close", ""}),
        ("*/*", {"support/refund-assistant", "support/triage", "finance/close"}),
        ("support/*", {"support/refund-assistant", "support/triage"}),
        ("*/close", {"finance/close"}),
        ("support/triage", {"support/triage"}),
        ("support/", set()),
        ("support", set()),
        ("support/**", set()),
        ("support/tri*", set()),
        ("Support/triage", set()),
        ("*", set()),
        ("", set()),
        ("/", set()),
    ],
)
def test_scopes(pattern: str, covers: set[str]) -> None:
    agents = ["support/refund-assistant", "support/triage", "finance/close", ""]
    assert {name for name in agents if in_scope(pattern, agent_id(name) if name else None)} == covers
    assert is_scope(pattern) is bool(covers)


def test_who_lists_everybody_with_their_binding() -> None:
    found = who_can(_ACCESS, "pause", _REFUND, "production", _TODAY)
    assert [(grant.person, grant.via) for grant in found] == [
        ("alice", "operator on support/refund-assistant in staging and production"),
        ("carol", "administrator (an operator's rights everywhere)"),
        ("dave", "administrator (an operator's rights everywhere)"),
        ("erin", "on-call on ** in production"),
    ]
    assert [grant.person for grant in who_can(_ACCESS, "administer", None, None, _TODAY)] == ["carol", "dave"]
    assert [grant.person for grant in who_can(_ACCESS, "promote", _CLOSE, "staging", _TODAY)] == ["carol", "dave"]
    assert who_can(_ACCESS, "fly", None, None, _TODAY) == ()
    assert [grant.until for grant in who_can(_ACCESS, "view", None, None, _TODAY) if grant.person == "frank"] == [
        _TODAY
    ]
    assert "bob" in {grant.person for grant in standing(_ACCESS, "pause", _TODAY)}
    assert "frank" not in {grant.person for grant in standing(_ACCESS, "promote", _TODAY)}


_PEOPLE = ("ann", "ben", "cem", "dee")
_AGENTS = (None, *(AgentId(w, a) for w in ("x", "y") for a in ("one", "two")))
_BINDINGS = st.builds(
    Binding,
    role=st.sampled_from(["operator", "operator", "custom", "viewer", "auditor", "administrator", "missing"]),
    who=st.lists(st.sampled_from([*_PEOPLE, "bot", "team:t", "team:none", "role:administrator", "stranger"])).map(
        tuple
    ),
    agents=st.lists(st.sampled_from(["**", "x/*", "*/one", "y/two", "z/*", "x", "x/**"]), min_size=1, max_size=2).map(
        tuple
    ),
    environments=st.lists(st.sampled_from(["staging", "production"]), max_size=2).map(tuple),
    until=st.sampled_from(["", "2026-11-21", "2026-11-22", "2027-01-01", "soon"]),
)
_TABLES = st.builds(
    Access,
    administrators=st.builds(
        Administrators, who=st.lists(st.sampled_from([*_PEOPLE, "bot", "team:t", "stranger"]), max_size=2).map(tuple)
    ),
    people=st.sampled_from([_PEOPLE, _PEOPLE[:3], (*_PEOPLE, "dee")]).map(
        lambda ids: tuple(Person(id=one) for one in ids)
    ),
    bots=st.just((Bot(id="bot", kind="gate"),)),
    teams=st.lists(st.sampled_from(_PEOPLE)).map(lambda ids: (Team(id="t", members=tuple(ids)),)),
    roles=st.lists(
        st.sampled_from(["review", "pause", "evidence", "permit", "administer"]), min_size=1, max_size=4
    ).map(lambda verbs: (Role(name="custom", verbs=tuple(verbs)),)),
    bindings=st.lists(_BINDINGS, min_size=1, max_size=3).map(tuple),
)


def _names(access: Access, selectors: tuple[str, ...], who: str) -> bool:
    """A second, plainer reading of who-lists: the oracle."""
    in_team = any(who in team.members for team in access.teams)
    return who in selectors or ("team:t" in selectors and in_team)


def _is_right(access: Access, who: str, verb: str, agent: AgentId | None, environment: Environment | None) -> bool:
    """The rules again, written from the contract and not from the code."""
    if sum(person.id == who for person in access.people) != 1 or verb == "permit":
        return False
    administrator = _names(access, access.administrators.who, who)
    if verb == "administer":
        return administrator
    if administrator and verb in role_verbs("operator"):
        return True
    needed = environment or "production"
    for binding in access.bindings:
        verbs = {
            "operator": role_verbs("operator"),
            "viewer": {"view"},
            "auditor": {"view", "view-audit", "export"},
            "custom": set(access.roles[0].verbs) - {"administer", "permit"},
        }.get(binding.role, set())
        named = _names(access, binding.who, who) or ("role:administrator" in binding.who and administrator)
        patterns = {"**"} if agent is None else {"**", f"{agent.workspace}/*", f"*/{agent.name}", str(agent)}
        current = binding.until in ("", "2026-11-22", "2027-01-01")
        placed = not VERBS[verb].environments or needed in binding.environments
        if verb in verbs and named and patterns & {*binding.agents} and current and placed:
            return True
    return False


@settings(max_examples=300)
@given(
    _TABLES,
    st.sampled_from([*_PEOPLE, "bot", "stranger"]),
    st.sampled_from(["review", "pause", "view", "view-audit", "evidence", "administer", "permit"]),
    st.sampled_from(_AGENTS),
    st.sampled_from([None, "staging", "production"]),
)
def test_no_binding_no_right_in_any_table(
    access: Access, who: str, verb: str, agent: AgentId | None, environment: Environment | None
) -> None:
    verdict = decide_permission(access, who, verb, agent, environment, _TODAY)
    assert verdict.allowed is _is_right(access, who, verb, agent, environment)
    assert (who in {grant.person for grant in who_can(access, verb, agent, environment, _TODAY)}) is verdict.allowed
