"""Every row of the table of acts is tried: who may sign it, who may not, and each kind of bot (L5)."""

import pytest
from pipelineworld import PipelineWorld
from simulator import PAYROLL, TRIAGE, FleetSimulator, access_file

from agentgov.journal.authority import refuse_signers, who_may
from agentgov.model.access import BotKind
from agentgov.model.act import GRAMMAR, Act
from agentgov.model.acts_table import ACTS, BOT_ACTS
from agentgov.trust.identity import Identity

_FIELDS = {"Agent": "support/triage", "Selector": "support/triage", "State": "lifted"}


def signed(world: FleetSimulator, kind: str, *who: Identity) -> str:
    """The code of the refusal of an act that these signed, "" where they may; the first of them acts."""
    view = world.view()
    first = who[0]
    many = {"Agent"} if kind in ("incident", "drill") else set()
    fields = tuple(
        (name, _FIELDS.get(name, "x")) for name, presence in GRAMMAR[kind] if presence == "one" or name in many
    )
    time = world.clock() if first.kind == "bot" or kind == "checkpoint" else None
    act = Act(kind, "0" * 26, "f", "g", f"{first.kind}:{first.id}", kind, fields, time)
    refusal = refuse_signers(view, act, frozenset(who))
    return refusal.code if refusal is not None else ""


def person(name: str) -> Identity:
    """Somebody of the simulator: carol and dave administer, erin is on call and may not promote."""
    return Identity("person", name)


@pytest.mark.parametrize("kind", ACTS)
def test_row_of_the_table(local: FleetSimulator, kind: str) -> None:
    rule = ACTS[kind]
    kinds: tuple[BotKind, ...] = ("reconciler", "gate", "importer", "evidence")
    for bot in kinds:
        code = signed(local, kind, Identity("bot", bot, bot))
        assert code == ("" if kind in BOT_ACTS[bot] else "authority.bot-kind"), bot
    expected = {
        "first": ("authority.bots-only", "authority.bots-only"),
        "bots": ("authority.bots-only", "authority.bots-only"),
        "anybody": ("", ""),
        "holders": ("", "authority.permission"),
        "administrators": ("", "authority.permission"),
    }[rule.word]
    if kind == "evidence":  # no built-in role has the verb, nor do administrators
        expected = ("authority.permission", "authority.permission")
    assert (signed(local, kind, person("carol")), signed(local, kind, person("nobody"))) == expected
    if rule.word in ("holders", "administrators"):
        assert signed(local, kind, person("carol"), person("nobody")) == "authority.permission"


@pytest.mark.parametrize(
    ("who", "kind", "code"),
    [
        ("erin", "rollback", ""),
        ("erin", "pause", ""),
        ("erin", "promote", "authority.permission"),
        ("erin", "clear", "authority.permission"),
        ("alice", "withdraw", ""),
        ("alice", "revoke", "authority.permission"),
        ("alice", "waive", "authority.permission"),
        ("alice", "incident", ""),
        ("erin", "drill", ""),
    ],
)
def test_people_have_what_access_gives_them(local: FleetSimulator, who: str, kind: str, code: str) -> None:
    assert signed(local, kind, person(who)) == code


def test_acts_of_recovery_take_so_many_administrators(local: FleetSimulator) -> None:
    carol, dave = person("carol"), person("dave")
    access = local.view().governance.access
    assert access.administrators.threshold == 1
    local.commit("carol", {"governance/access.yaml": raised(local)})
    local.review("carol")
    local.review("dave")
    assert local.advance().governance.access.administrators.threshold == 2
    assert {kind: signed(local, kind, carol) for kind in ("revoke", "waive", "override", "confirm")} == {
        "revoke": "",
        "waive": "authority.threshold",
        "override": "authority.threshold",
        "confirm": "",
    }
    assert signed(local, "waive", carol, dave) == signed(local, "override", carol, dave) == ""


def raised(world: FleetSimulator) -> str:
    """Access with a threshold of two."""
    text = (world.work / "governance/access.yaml").read_text("utf-8")
    return text.replace("threshold: 1", "threshold: 2")


def act_of(kind: str, *fields: tuple[str, str], actor: str = "person:carol", time: int | None = None) -> Act:
    """An act with these fields alone."""
    return Act(kind, "0" * 26, "f", "g", actor, kind, fields, time)


def refused(world: FleetSimulator, act: Act, *who: Identity) -> str:
    """The code of the refusal, "" where these may sign it; without any, its actor does."""
    kind, _, name = act.actor.partition(":")
    alone = person(name) if kind == "person" else Identity("bot", name, "reconciler")
    refusal = refuse_signers(world.view(), act, frozenset(who or (alone,)))
    return refusal.code if refusal is not None else ""


AGENT = ("Agent", "support/triage")


def test_who_is_named_as_the_actor_has_signed(local: FleetSimulator) -> None:
    assert refused(local, act_of("clear", AGENT), person("dave")) == "authority.actor"
    assert refused(local, act_of("clear", AGENT), Identity("bot", "carol", "reconciler")) == "authority.actor"
    assert refused(local, act_of("clear", AGENT), person("dave"), person("carol")) != "authority.actor"


def test_bots_and_checkpoints_carry_the_time_and_nothing_else_does(local: FleetSimulator) -> None:
    now, bot = local.clock(), "bot:reconciler"
    for kind, actor, time, code in (
        ("checkpoint", "person:carol", now, ""),
        ("checkpoint", "person:carol", None, "authority.time"),
        ("revoke", "person:carol", None, ""),
        ("revoke", "person:carol", now, "authority.time"),
        ("advance", bot, now, ""),
        ("advance", bot, None, "authority.time"),
    ):
        assert refused(local, act_of(kind, actor=actor, time=time)) == code, (kind, actor, time)


def test_an_act_is_about_agents_that_there_are(local: FleetSimulator) -> None:
    erin, alice = "person:erin", "person:alice"
    assert refused(local, act_of("pause", ("Selector", "support/*"), actor=erin)) == ""
    assert refused(local, act_of("pause", ("Selector", "support/nobody"), actor=erin)) == "authority.no-agent"
    for kind in ("pause", "resume"):
        assert refused(local, act_of(kind, ("Selector", "support/nobody"))) == "authority.no-agent", "an administrator"
    both = (AGENT, ("Agent", "finance/payroll"))
    assert refused(local, act_of("incident", *both, actor=alice)) == ""
    strangers = act_of("incident", AGENT, ("Agent", "support/nobody"), actor=alice)
    refusal = refuse_signers(local.view(), strangers, frozenset({person("alice")}))
    assert refusal is not None
    assert "'support/triage, support/nobody'" in refusal.message


def test_a_drill_of_no_agent_is_one_of_the_fleet(local: FleetSimulator) -> None:
    assert refused(local, act_of("drill", actor="person:erin")) == ""
    assert refused(local, act_of("drill", actor="person:nobody")) == "authority.permission"
    assert refused(local, act_of("drill", ("Agent", "support/nobody"), actor="person:erin")) == "authority.no-agent"


ABORT = act_of("abort", AGENT, actor="person:erin")


def test_an_abort_is_of_staging_while_nothing_has_traffic(local: FleetSimulator) -> None:
    assert refused(local, ABORT) == "", "erin may abort in staging alone"


def test_an_abort_is_of_production_once_the_canary_has_traffic(ramping: PipelineWorld) -> None:
    assert refused(ramping, ABORT) == "authority.permission"


def test_an_agent_that_is_not_authorised_any_more_is_known_by_its_releases(ramping: PipelineWorld) -> None:
    folder = ramping.work / TRIAGE.folder
    gone = {str(one.relative_to(ramping.work)): None for one in folder.rglob("*") if one.is_file()}
    ramping.commit("carol", gone)
    for who in ("alice", "bob", "erin"):
        ramping.review(who)
    view = ramping.advance()
    assert view.repo.entry(view.authorised, TRIAGE.file) is None
    assert refused(ramping, act_of("rollback", AGENT, actor="person:erin")) == ""


def test_who_may_is_asked_about_the_first_right_that_the_actor_lacks(local: FleetSimulator) -> None:
    keys = {name: signer.public_key for name, signer in local.signers.items()}
    narrow = access_file(keys).replace('who: [erin], agents: ["**"]', 'who: [erin], agents: ["support/*"]')
    local.commit("carol", {"governance/access.yaml": narrow})
    local.review("carol")
    local.advance()
    both = act_of("hold", AGENT, ("Agent", str(PAYROLL)), actor="person:erin")
    assert who_may(local.view(), both).count(str(PAYROLL)) == 1
