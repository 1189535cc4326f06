"""`status --watch` as a process: what it says when something changes, what of a remote that is away, how it ends."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from patience import PATIENCE, until
from terminal import at_terminal, terminal
from unit.cli.command_world import ROOT, CommandWorld
from unit.cli.output_schema import assert_holds

TRIAGE = "support/triage"


class Watch:
    """A watch that runs, and what it has said so far."""

    def __init__(self, process: "subprocess.Popen[bytes]", out: Path, err: Path) -> None:
        self.process, self._out, self._err = process, out, err

    @property
    def lines(self) -> list[str]:
        return [line for line in self._out.read_text().splitlines(keepends=True) if line.endswith("\n")]

    @property
    def messages(self) -> str:
        return self._err.read_text()

    def documents(self) -> list[dict[str, Any]]:
        found = [json.loads(line) for line in self.lines]
        for one in found:
            assert_holds(one, "status")
        return found

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)


@contextmanager
def watching(world: CommandWorld, *args: str) -> Iterator[Watch]:
    out, err = world.folder / "watch.out", world.folder / "watch.err"
    env = {**world.environment("frank"), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "agentgov", "status", "--watch", "1", *args]
    with (
        out.open("wb") as stdout,
        err.open("wb") as stderr,
        subprocess.Popen(command, cwd=world.fleet, env=env, stdout=stdout, stderr=stderr) as process,
    ):
        try:
            yield Watch(process, out, err)
        finally:
            process.kill()


def test_every_change_is_one_document_of_those_that_changed(running: CommandWorld) -> None:
    with watching(running, "--json") as watch:
        until(lambda: watch.lines, "the first document")
        running.must("erin", "pause", TRIAGE, "--reason", "Stop")
        until(lambda: len(watch.lines) > 1, "the second document")
        first, second = watch.documents()
        assert watch.end(signal.SIGINT) == 130
    assert {one["agent"] for one in first["agents"]} == {TRIAGE, "finance/payroll"}
    assert first["acts"] == []
    assert [(one["agent"], one["paused"]) for one in second["agents"]] == [(TRIAGE, True)]
    assert [one["subject"] for one in second["acts"]] == [f"pause {TRIAGE}"]


def test_elsewhere_than_on_a_terminal_an_act_is_a_line_and_trouble_is_told_once(running: CommandWorld) -> None:
    away = running.folder / "away.git"
    with watching(running) as watch:
        until(lambda: watch.lines, "the table")
        running.remote.rename(away)
        until(lambda: "waiting" in watch.messages, "a word on the remote")
        away.rename(running.remote)
        running.must("erin", "hold", TRIAGE, "-m", "Wait")
        until(lambda: any(f"hold {TRIAGE}" in line for line in watch.lines), "the line of the act")
        assert watch.end(signal.SIGTERM) == 0
        assert watch.messages.count("waiting") == 1
    assert "2 agents, 0 to look at, 0 paused" in watch.lines[0]
    assert watch.lines[-1].endswith(f"erin         hold {TRIAGE}\n")


def test_one_agent_alone_is_watched_and_what_happens_to_others_is_not_told(running: CommandWorld) -> None:
    with watching(running, TRIAGE) as watch:
        until(lambda: watch.lines, "the table")
        running.must("erin", "hold", "finance/payroll")
        running.must("erin", "hold", TRIAGE)
        until(lambda: any(f"hold {TRIAGE}" in line for line in watch.lines), "the line of the act")
        assert watch.end(signal.SIGTERM) == 0
    assert "payroll" not in "".join(watch.lines)


@pytest.mark.parametrize(
    "args",
    [
        ["--watch", "1", "support/nobody"],
        ["--watch", "support/nobody"],
        ["--watch=2", "support/nobody"],
        ["support/nobody", "--watch"],
        ["support/nobody", "--watch", "1"],
        ["--no-fetch", "--watch", "--", "support/nobody"],
    ],
)
def test_a_watch_of_nobody_ends_at_once_wherever_the_agent_stands(running: CommandWorld, args: list[str]) -> None:
    done = running.process("frank", "status", *args)
    assert (done.returncode, done.stdout) == (2, "")
    assert "no authorised agent support/nobody" in done.stderr


def test_on_a_terminal_it_is_a_board_that_a_key_ends(in_canary: CommandWorld) -> None:
    env = {**in_canary.environment("frank"), "TERM": "xterm"}
    code, said = at_terminal(["status", "--watch"], cwd=in_canary.fleet, env=env, types="q")
    assert code == 0, said
    assert "v1.2.0 10%, step 1 of 1" in said
    assert "q ends" in said
    assert said.index("\x1b[?1049h") < said.index("\x1b[?1049l")  # the screen of before comes back


def test_while_the_remote_is_away_the_board_says_so_with_its_age_and_comes_back(in_canary: CommandWorld) -> None:
    env, away = {**in_canary.environment("frank"), "TERM": "xterm"}, in_canary.folder / "away.git"
    with terminal(["status", "--watch", "1"], cwd=in_canary.fleet, env=env) as screen:
        screen.until("v1.2.0 10%, step 1 of 1")
        in_canary.remote.rename(away)
        screen.until("s old: the remote")
        away.rename(in_canary.remote)
        in_canary.must("erin", "pause", TRIAGE, "--reason", "Stop")
        screen.until("1 paused")
        assert "s old: the remote" not in screen.said.rpartition("1 paused")[2]
        screen.types("q")
        assert screen.end() == 0, screen.said


def test_a_look_with_nothing_new_makes_no_document(running: CommandWorld) -> None:
    with watching(running, "--json") as watch:
        until(lambda: watch.lines, "the first document")
        running.must("erin", "hold", "finance/payroll")
        until(lambda: len(watch.lines) > 1, "the second document")
        running.must("erin", "hold", "finance/payroll", "--lift")
        until(lambda: len(watch.lines) > 2, "the third document")
        assert watch.end(signal.SIGINT) == 130
        documents = watch.documents()
    assert [[one["agent"] for one in each["agents"]] for each in documents[1:]] == [["finance/payroll"]] * 2
