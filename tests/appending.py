"""Processes that append acts to the journal of a simulated fleet, each from a clone of its own."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import gitworld
from simulator import FleetSimulator

import agentgov
from agentgov.errors import IncompleteError
from agentgov.journal.branch import Journal
from agentgov.journal.draft import Actor, Appender, Draft
from agentgov.journal.view import View
from agentgov.release.orders import order_pause
from agentgov.repo.remote import Remote
from agentgov.repo.repository import Repository
from agentgov.trust.signers import KeyFileSigner

WHO = ("alice", "bob", "carol")
AGAIN = 10  # times that somebody runs a command again that could not finish


def crowd(world: FleetSimulator, folder: Path, processes: int, count: int) -> list[float]:
    """So many processes at once, each of which appends so many acts; how long each act took, in seconds.

    Every process is a machine of its own: it knows the pins, and has seen nothing yet.
    """
    paths = [str(Path(__file__).resolve().parent), str(Path(agentgov.__file__).resolve().parents[1])]
    running = []
    for number in range(processes):
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(paths),
            "AGENTGOV_STATE_HOME": str(folder / f"home-{number}"),
        }
        words = [str(world.folder), str(folder / f"clone-{number}"), WHO[number % len(WHO)]]
        command = [sys.executable, __file__, *words, str(count), str(world.clock())]
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        running.append(process)
    took: list[float] = []
    for process in running:
        said, words_of_woe = process.communicate(timeout=600)
        assert process.returncode == 0, words_of_woe.decode()
        took += map(float, said.split())
    return took


def main(world: Path, clone: Path, who: str, count: int, now: int) -> None:
    """Clone the remote and append so many pauses, each with a reason that nobody else gives."""
    gitworld.git(clone.parent, "clone", "-q", str(world / "remote.git"), str(clone))
    repo = Repository.open(clone)
    journal = Journal(repo, remote=Remote.of(repo))
    appender = Appender(KeyFileSigner(world / "keys" / who), who, f"{who}@sim.example")
    for number in range(count):

        def propose(view: View, reason: str = f"{clone.name} {number}") -> list[Draft]:
            identity = view.directory.by_key(appender.signer.public_key)
            assert identity is not None
            actor = Actor(identity, appender)
            return [order_pause(view, actor, "support/triage", mode="stop", until=0, now=now, reason=reason)]

        started = time.perf_counter()
        _append(journal, propose, appender, now)
        sys.stdout.write(f"{time.perf_counter() - started}\n")


def _append(journal: Journal, propose: Callable[[View], list[Draft]], appender: Appender, now: int) -> None:
    """Append, and do it again where it says so: others were faster every time, and nothing was written."""
    for _ in range(AGAIN):
        try:
            journal.append(propose, appender, lambda: now)
        except IncompleteError as error:
            sys.stderr.write(f"{error.message}\n")
        else:
            return
    raise AssertionError("it never landed")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]), int(sys.argv[5]))
