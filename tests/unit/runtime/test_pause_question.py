"""A question about pauses: answered to a reconciler of this fleet alone, about agents, and while it is fresh."""

from pathlib import Path

import msgspec
import pytest
import yaml
from simulator import access_file

from agentgov.model.access import Access
from agentgov.model.names import AgentId
from agentgov.model.verdict import Verdict
from agentgov.runtime.pause_question import LARGEST, MOST, NAMESPACE, SKEW, decide_question, question
from agentgov.trust.identity import Directory
from agentgov.trust.signers import KeyFileSigner, generate_key

FLEET, NOW, DESK = "f" * 36, 1_800_000_000, AgentId("support", "desk")


class Gate:
    """Who asks, and the people and bots that the gate knows."""

    def __init__(self, folder: Path) -> None:
        people = ("alice", "carol", "dave", "gate", "reconciler", "mallory")
        for name in people:
            generate_key(folder / name, name)
        self.signers = {name: KeyFileSigner(folder / name) for name in people}
        keys = {name: one.public_key for name, one in self.signers.items() if name != "mallory"}
        self.directory = Directory(msgspec.convert(yaml.safe_load(access_file(keys)), Access))

    def answer(self, text: str, who: str = "reconciler", now: int = NOW, namespace: str = NAMESPACE) -> object:
        """The agents, or the words of the refusal."""
        proof = self.signers[who].sign(namespace, text.encode())
        found = decide_question(text, proof, self.directory, FLEET, now)
        return found.reasons[0].message if isinstance(found, Verdict) else found


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory) -> Gate:
    return Gate(tmp_path_factory.mktemp("keys"))


def test_a_reconciler_is_told_as_long_as_the_clocks_agree(gate: Gate) -> None:
    text = question(FLEET, NOW, [DESK])
    for now, fresh in ((NOW, True), (NOW + SKEW, True), (NOW - SKEW, True), (NOW + SKEW + 1, False)):
        assert (gate.answer(text, now=now) == (DESK,)) is fresh, now


def test_nobody_else_is_told(gate: Gate) -> None:
    text = question(FLEET, NOW, [DESK])
    for who in ("alice", "gate", "mallory"):
        assert gate.answer(text, who) == "the question is signed by no reconciler in Access", who
    assert "namespace" in str(gate.answer(text, namespace="agentgov-login"))
    assert "another fleet" in str(gate.answer(question("0" * 36, NOW, [DESK])))


def test_what_is_no_question_or_asks_too_much_is_refused(gate: Gate) -> None:
    assert "no question of this version" in str(gate.answer("agentgov-pauses/2\n"))
    assert "what is no agent" in str(gate.answer(question(FLEET, NOW, [DESK]) + "agent: a/b/c\n"))
    many = [DESK] * MOST
    assert gate.answer(question(FLEET, NOW, many)) == tuple(many)
    assert "too many" in str(gate.answer(question(FLEET, NOW, [*many, DESK])))
    head = question(FLEET, NOW, [])
    long = head + f"agent: {'a' * 60}/{'b' * 60}\n" * 2000
    line = "agent: support/desk\n"
    at_most = head + line * ((LARGEST - len(head) - 20) // len(line))
    at_most += f"agent: s/{'a' * (LARGEST - len(at_most) - len('agent: s/') - 1)}\n"
    assert len(at_most) == LARGEST < len(long)
    assert "too many" in str(gate.answer(at_most)), "it is read"
    assert "no question of this version" in str(gate.answer(long)), "it is not even read"
