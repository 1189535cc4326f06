"""Pausing from a program, by the SDK, at a gate that really runs."""

import pytest
from gateworld import GateWorld
from simulator import TRIAGE, FleetSimulator

import agentgov
from agentgov.errors import ConfigurationError
from agentgov.sdk import Denied, Unreachable


def test_a_program_pauses_as_a_person_who_may(gate: GateWorld, world: FleetSimulator) -> None:
    url, token = f"http://127.0.0.1:{gate.port}", gate.person_token("alice")
    id_ = agentgov.pause(str(TRIAGE), "It loops.", gate=url, token=token)
    [pause] = gate.ask("GET", "/v1/pauses", token).json["pauses"]
    assert (pause["id"], pause["by"], pause["reason"].splitlines()[0]) == (id_, "alice", "It loops.")
    with pytest.raises(Denied):
        agentgov.pause(str(TRIAGE), "Me.", gate=url, token=gate.agent_token(TRIAGE))
    with pytest.raises(ConfigurationError):
        agentgov.pause("triage", "What?", gate=url, token=token)
    gate.kill()
    with pytest.raises(Unreachable):
        agentgov.pause(str(TRIAGE), "Again.", gate=url, token=token)
