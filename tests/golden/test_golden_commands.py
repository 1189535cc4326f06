"""The commands as data (`validate/command_line.json`) are those of the program.

Write the file anew with: GOLDEN=write pytest tests/golden
"""

import os

import click
import msgspec
from golden.test_golden_help import all_commands

from agentgov.cli.main import cli
from agentgov.model.command_line import CommandForm, OptionForm
from agentgov.validate.command_lines import FILE


def form(command: click.Command) -> CommandForm:
    """What can be typed after the name of a command."""
    arguments = [one for one in command.params if isinstance(one, click.Argument)]
    options = [option(one) for one in command.params if isinstance(one, click.Option)]
    least = sum(max(one.nargs, 1) for one in arguments if one.required)
    most = -1 if any(one.nargs < 0 for one in arguments) else sum(one.nargs for one in arguments)
    return CommandForm((*options, OptionForm(("-h", "--help"), takes_value=False)), least, most)


def option(one: click.Option) -> OptionForm:
    names = (*one.opts, *one.secondary_opts)
    values = tuple(map(str, one.type.choices)) if isinstance(one.type, click.Choice) else ()
    takes_value = not one.is_flag and not one.count
    optional = takes_value and one._flag_needs_value
    return OptionForm(names, takes_value, optional, one.required, values if takes_value else ())


def test_the_commands_as_data_are_those_of_the_program() -> None:
    found = {}
    for words in filter(None, all_commands()):
        command: click.Command | None = cli
        for word in words:
            assert isinstance(command, click.Group)
            command = command.get_command(click.Context(command), word)
        assert command is not None
        if not isinstance(command, click.Group):
            found[" ".join(words)] = form(command)
    lines = ",\n".join(f"{msgspec.json.encode(name).decode()}: {_text(one)}" for name, one in sorted(found.items()))
    text = f"{{\n{lines}\n}}\n"
    if os.environ.get("GOLDEN") == "write":
        FILE.write_text(text)
    assert text == FILE.read_text()


def _text(one: CommandForm) -> str:
    plain = {name: value for name, value in msgspec.to_builtins(one).items() if value not in ((), 0)}
    plain["options"] = [_plain(option) for option in plain["options"]]
    return msgspec.json.encode(plain).decode()


def _plain(option: dict[str, object]) -> dict[str, object]:
    usual = {"takes_value": True, "optional": False, "required": False, "values": ()}
    return {name: value for name, value in option.items() if name not in usual or value != usual[name]}
