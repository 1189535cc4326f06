"""What the flags of an agent are called, and what each says."""

import pytest
from leases import AGENT, ALONE, GROUNDS, release

from agentgov.model.names import AgentId
from agentgov.runtime.deployed import Deployed
from agentgov.runtime.flags import Flag, flag_of, flags_of, value_of
from agentgov.runtime.lease import Lease, decide_lease


def lease(deployed: Deployed = ALONE) -> Lease:
    found = decide_lease(deployed, None, "", GROUNDS)
    assert isinstance(found, Lease)
    return found


def test_every_flag_is_found_by_the_key_that_it_is_spelled_with() -> None:
    flags = flags_of(AGENT)
    assert [one.key for one in flags] == [str(AGENT), *(f"{AGENT}/{part}" for part in ("prompt", "model", "params"))]
    assert [flag_of(one.key) for one in flags] == list(flags)
    assert flag_of("support/prompt") == Flag(AgentId("support", "prompt"), "lease"), "two parts are an agent's id"


@pytest.mark.parametrize(
    "key",
    ["", "/", "support", "support/helper/", "support/helper/lease", "support/helper/Model", "a/b/c/model", "../x"],
)
def test_anything_else_is_no_flag(key: str) -> None:
    assert flag_of(key) is None


def test_what_each_flag_says() -> None:
    found = lease()
    assert bytes(value_of(found, "lease")) == found.body
    assert value_of(found, "prompt") == "Be helpful, in version 1.0.0.\n"
    assert value_of(found, "model") == "acme/big"
    assert value_of(found, "params") == {"max_output_tokens": 500, "temperature": 0.2}


def test_a_prompt_that_is_not_there_says_nothing() -> None:
    odd = release("1.0.0", prompts={"system": {"file": "prompts/other.md"}})
    assert value_of(lease(Deployed(AGENT, "production", odd)), "prompt") is None
