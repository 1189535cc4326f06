"""docs/permissions.md shows the table of acts as the code reads it. Write it anew with DOCS=write."""

import os
import re
from pathlib import Path

import click
import pytest

from agentgov.cli.commands import COMMANDS
from agentgov.cli.main import LazyGroup
from agentgov.model.act import GRAMMAR, Act
from agentgov.model.acts_table import ACTS, BOT_ACTS, PERSONAL, people_needed, raises_risk
from agentgov.model.transitions import KINDS
from agentgov.report.acts import acts_markdown, holders_markdown
from agentgov.trust.verbs import VERBS

PAGE = Path(__file__).parents[3] / "docs/permissions.md"


@pytest.mark.parametrize(("name", "wanted"), [("acts", acts_markdown()), ("holders", holders_markdown())])
def test_the_page_shows_the_table_that_the_code_reads(name: str, wanted: str) -> None:
    text = PAGE.read_text("utf-8")
    shown = re.compile(rf"(<!-- {name}: [^\n]*-->\n)(.*?)(<!-- /{name} -->\n)", re.DOTALL)
    if os.environ.get("DOCS") == "write":
        text = shown.sub(lambda found: found[1] + wanted + found[3], text)
        PAGE.write_text(text, "utf-8")
    found = shown.search(text)
    assert found is not None
    assert found[2] == wanted, "write it anew: DOCS=write pytest tests/unit/docs/test_acts_table.py"


def test_every_kind_of_act_has_its_row_and_every_verb_in_it_exists() -> None:
    assert list(ACTS) == [rule.kind for rule in ACTS.values()]
    assert ACTS.keys() == GRAMMAR.keys()
    assert {rule.verb for rule in ACTS.values()} - {""} <= VERBS.keys()
    scoped = {rule.kind for rule in ACTS.values() if rule.environment}
    assert scoped == {kind for kind, (_, environment) in PERSONAL.items() if environment}
    assert all(VERBS[verb].environments == bool(environment) for verb, environment in PERSONAL.values())


def test_every_command_that_appends_is_a_command() -> None:
    for rule in ACTS.values():
        for words in rule.commands:
            command, _, inner = words.partition(" ")
            assert command in COMMANDS, rule
            if inner:
                group = LazyGroup().get_command(click.Context(LazyGroup()), command)
                assert isinstance(group, click.Group)
                assert inner in group.list_commands(click.Context(group)), words


def test_what_a_bot_may_sign_stands_in_the_row_of_the_act() -> None:
    for kind, acts in BOT_ACTS.items():
        assert acts == {rule.kind for rule in ACTS.values() if kind in rule.bots}
    assert not any(rule.bots for rule in ACTS.values() if rule.word == "administrators" and rule.kind != "checkpoint")


def test_every_act_on_a_deployment_says_what_it_does_to_risk() -> None:
    assert {kind for kind in KINDS if ACTS[kind].risk == "raises"} == {
        *("stage", "canary", "share", "graduate", "promote", "clear"),
    }
    hold = Act("hold", "0" * 26, "f", "g", "person:a", "hold", (("Agent", "a/b"), ("State", "set")))
    assert not raises_risk(hold)
    lifted = Act("hold", "0" * 26, "f", "g", "person:a", "hold", (("Agent", "a/b"), ("State", "lifted")))
    assert raises_risk(lifted)


@pytest.mark.parametrize(("kind", "of_one", "of_three"), [("revoke", 1, 1), ("override", 1, 2), ("waive", 1, 3)])
def test_recovery_takes_so_many_administrators(kind: str, of_one: int, of_three: int) -> None:
    assert people_needed(ACTS[kind], 1) == of_one
    assert people_needed(ACTS[kind], 3) == of_three
