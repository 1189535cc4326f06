"""Every command that speaks JSON has a schema, every schema a command, and real answers hold to them."""

import json
from collections.abc import Iterator

import click
import pytest
from unit.cli.command_world import CommandWorld
from unit.cli.output_schema import assert_holds, output_schema, undescribed

from agentgov.cli.commands import COMMANDS
from agentgov.cli.main import cli
from agentgov.resources import folder

ORDERS = ("review", "promote", "hold", "abort", "withdraw", "retire", "clear", "rollback", "pause", "resume")
FOLDER = folder("schemas") / "output"
NAMES = sorted(path.name.removesuffix(".schema.json") for path in FOLDER.iterdir())


def leaves() -> Iterator[tuple[str, click.Command]]:
    """Every command by the name of its document; the verdicts of `review` share one."""
    context = click.Context(cli)
    for name in COMMANDS:
        command = cli.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group) and name != "review":
            yield from ((f"{name}-{sub}", child) for sub, child in below(command))
            if name == "playbook":
                yield "playbook-plan", command.commands["run"]  # its answer to --dry-run
            if name == "alert":
                yield "alert-rules-now", command.commands["rules"]  # its answer with an AGENT
            if name == "drill":
                yield "drill-check", command.commands["report"]  # its answer with --check
        elif isinstance(command, click.Group):
            yield from ((f"{name}-{sub}" if sub == "import" else name, child) for sub, child in below(command))
        else:
            yield name, command
            if name == "owners":
                yield "owners-lint", command  # its answer to --lint
            if name == "release":
                yield "release-proposal", command  # its answer to --from-merge
                yield "release-changed", command  # its answer to --changed
            if name == "rollback":
                yield "rollback-preview", command  # its answer to --dry-run
            if name == "import":
                yield "import-list", command  # its answer to --list


def below(group: click.Group) -> Iterator[tuple[str, click.Command]]:
    """The commands of a group, loaded."""
    context = click.Context(group)
    for sub in group.list_commands(context):
        child = group.get_command(context, sub)
        assert child is not None
        yield sub, child


def test_every_command_that_prints_json_has_a_schema_and_every_schema_a_command() -> None:
    speaking = {name for name, one in leaves() if any("--json" in option.opts for option in one.params)}
    assert speaking == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_says_whose_it_is(name: str) -> None:
    schema = output_schema(name)
    assert schema["$id"] == f"https://agentgov.dev/schemas/output/{name}.schema.json"
    assert schema["properties"]["schema"] == {"const": f"agentgov.{name}/1"}
    assert "schema" in schema["required"]
    assert schema["title"].startswith(f"agentgov {name.partition('-')[0]}")
    assert '"additionalProperties": false' not in json.dumps({**schema, "properties": {}})  # shapes are additive


def test_orders_are_told_alike() -> None:
    first, *others = (output_schema(name) for name in ORDERS)
    for other in others:
        assert other["definitions"]["act"]["properties"] == first["definitions"]["act"]["properties"]
        assert other["required"] == first["required"]


def test_drift_is_seen() -> None:
    schema = output_schema("trust-show")
    commit = "a" * 40
    pins = {"fleet": "6f0c3c1e-58a4-4a7e-9a39-1f4a5f7f0001", "introduction": commit, "journalRoot": commit}
    document = {"schema": "agentgov.trust-show/1", **pins, "journalTip": commit, "line": "agentgov-pins/1 x"}
    assert_holds(document, "trust-show")
    assert list(undescribed({**document, "more": 1}, schema, schema)) == ["$.more"]
    nested = output_schema("status")
    row = {"agents": [{"agent": "a/b", "stages": {"canary": {"weight": 1}}}]}
    assert list(undescribed(row, nested, nested)) == ["$.agents[0].stages.canary.weight"]
    with pytest.raises(AssertionError):
        assert_holds({**document, "journalTip": None}, "trust-show")


@pytest.mark.parametrize(
    "command",
    [
        "status",
        "status support/triage",
        "history support/triage",
        "history finance/payroll",
        "show support/triage",
        "show support/triage --environment staging",
        "show support/triage --at 1.0.0",
        "show support/triage --at HEAD",
        "show finance/payroll",
        "check",
        "verify",
        "verify support/triage/v1.1.0",
        "journal log",
        "journal log -n 1",
        "journal show 0",
        "journal show 3",
        "journal verify",
        "journal verify --fetch",
        "trust show",
        "doctor",
        "doctor --no-fetch",
        "hold support/triage",
        "pause support/triage --reason x",
        "pause finance/* --reason x --until 4h --mode read-only",
        "rollback support/triage --reason x",
        "release support/triage",
        "release support/triage --version 0.9.0 --no-push",
    ],
)
def test_a_yes_holds_to_its_schema(running: CommandWorld, command: str) -> None:
    running.asked("bob", *command.split(" "))


def test_what_the_reconciler_did_holds_to_its_schema(running: CommandWorld) -> None:
    running.change("alice", {"agents/support/triage/prompts/system.md": "Short.\n"})
    running.asked("reconciler", "reconcile", "--dry-run")
    document = running.asked("reconciler", "reconcile")
    assert [one["path"] for one in document["pending"]] == ["agents/support/triage/prompts/system.md"]
    running.git("tag", "-a", "-m", "no release", "support/triage/v7.0.0")
    running.git("push", "-q", "origin", "support/triage/v7.0.0")
    document = running.asked("reconciler", "reconcile", "--once")
    assert [one["tag"] for one in document["refused"]] == ["support/triage/v7.0.0"]
