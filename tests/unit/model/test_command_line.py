"""Command lines of playbooks are read as the program reads them, and by no shell."""

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentgov.model.command_line import Command, Problem, is_ours, lines_of, read_command
from agentgov.validate.command_lines import grammar


def read(line: str) -> Command | Problem:
    return read_command(line, grammar())


def test_a_command_is_taken_apart() -> None:
    found = read('agentgov pause support/refunds --mode=read-only -m "Two refunds" --json')
    assert found == Command(
        "pause",
        ("pause", "support/refunds", "--mode=read-only", "-m", "Two refunds", "--json"),
        ("support/refunds",),
        {"--mode": "read-only", "--reason": "Two refunds", "--json": ""},
    )


def test_a_command_of_a_group_has_two_words() -> None:
    found = read("agentgov journal log -n 5")
    assert isinstance(found, Command)
    assert found.name == "journal log"


@pytest.mark.parametrize(("line", "value"), [("--watch", ""), ("--watch --json", ""), ("--watch 5", "5")])
def test_a_value_that_may_be_left_out_is(line: str, value: str) -> None:
    found = read(f"agentgov status {line}")
    assert isinstance(found, Command)
    assert found.options["--watch"] == value


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("agentgov", "no command"),
        ("agentgov puase x/y", "there is no command agentgov puase"),
        ("agentgov journal lgo", "there is no command agentgov journal lgo"),
        ("agentgov journal", "there is no command agentgov journal"),
        ("agentgov pause --reason x", "lacks an argument"),
        ("agentgov pause a/b", "lacks --reason"),
        ("agentgov pause a/b c --reason x", "takes no 'c'"),
        ("agentgov pause a/b --reason", "lacks its value"),
        ("agentgov pause a/b --reason x --mode halt", "halt is no value of --mode"),
        ("agentgov pause a/b --because x", "no option --because"),
        ("agentgov pause a/b --reason x --json=yes", "--json takes no value"),
        ("agentgov status a/b && rm -rf /", "&& is for a shell"),
        ("agentgov pause a/b --reason 'x", "quotes do not close"),
    ],
)
def test_what_is_wrong_is_said(line: str, said: str) -> None:
    found = read(line)
    assert isinstance(found, Problem)
    assert said in found.message


def test_what_was_meant_is_guessed() -> None:
    found = read("agentgov pause a/b --raeson x")
    assert isinstance(found, Problem)
    assert found.fix == 'did you mean "--reason"?'


def test_only_lines_that_call_the_program_are_its_own() -> None:
    assert list(map(is_ours, lines_of("agentgov status\n\n  agentgovx y\nPhone the bank\n"))) == [True, False, False]


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    assert isinstance(read(f"agentgov {text}"), (Command, Problem))


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_a_reason_arrives_as_one_word_whatever_it_holds(reason: str) -> None:
    found = read(f"agentgov pause a/b --reason={shlex.quote(reason)}")
    assert isinstance(found, Command)
    assert found.options["--reason"] == reason
