"""Every row of the table of acts is tried: who may sign it, who may not, and each kind of bot (L5)."""

import pytest
from simulator import FleetSimulator

from agentgov.journal.authority import refuse_signers
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
