"""`agentgov revoke` at the command line: who is meant, what stood on the key, and how nobody is locked out unasked."""

import pytest
from simulator import TRIAGE
from unit.cli.command_world import PROMPT, CommandWorld

from agentgov.trust.keys import parse_public_key


def fingerprint(world: CommandWorld, who: str) -> str:
    """The fingerprint of somebody's key."""
    return parse_public_key((world.keys / f"{who}.pub").read_text()).fingerprint


@pytest.mark.parametrize("form", ["id", "fingerprint", "file", "line"])
def test_a_key_is_named_in_every_way_that_people_have_it(running: CommandWorld, form: str) -> None:
    file = running.keys / "bob.pub"
    what = {
        "id": "bob",
        "fingerprint": fingerprint(running, "bob"),
        "file": str(file),
        "line": file.read_text().strip(),
    }
    document = running.asked("carol", "revoke", what[form], "-m", "Laptop stolen")
    assert [one["key"] for one in document["revoked"]] == [fingerprint(running, "bob")]
    refused = running.run("bob", "pause", str(TRIAGE), "-m", "Odd")
    assert refused.code == 1
    assert running.asked("dave", "status")["revoked"] == document["revoked"]
    assert f"revoked {fingerprint(running, 'bob')} by carol" in running.must("dave", "status").out
    assert running.asked("dave", "journal", "verify")["verdict"] == "accept"


def test_with_since_everything_that_rests_on_it_is_listed(running: CommandWorld) -> None:
    begun = running.asked("dave", "status")["journal"]["seq"]
    running.enter_canary()
    document = running.asked("carol", "revoke", "bob", "--since", str(begun + 1), "-m", "Laptop stolen")
    [one] = document["revoked"]
    assert (one["paths"], one["releases"], one["since"]) == ([PROMPT], [f"{TRIAGE}/v1.2.0"], begun + 1)
    told = running.must("dave", "status").out
    assert f"releases {TRIAGE}/v1.2.0 advance no more; 1 path went back" in told
    verdict = running.asked("dave", "verify", f"{TRIAGE}/v1.2.0", code=1)
    assert verdict["code"] == "release.revoked"
    assert PROMPT in running.run("dave", "check").out


def test_what_a_revocation_does_is_told_to_people(running: CommandWorld) -> None:
    begun = running.asked("dave", "status")["journal"]["seq"]
    running.authorise({PROMPT: "Sort tickets by age.\n"})
    told = running.must("carol", "revoke", "bob", "--since", str(begun + 1), "-m", "Laptop stolen").out
    assert f"{PROMPT} went back to what stood before act" in told
    assert "agentgov check" in told


@pytest.mark.parametrize(
    ("who", "args", "code", "says"),
    [
        ("alice", ("bob",), 1, "administrators"),
        ("carol", ("nobody",), 2, "ssh-keygen -lf"),
        ("carol", ("bob", "--since", "9999"), 2, "agentgov journal log"),
        ("carol", ("bob", "--since", "0"), 1, "revoke.since"),
        ("carol", ("SHA256:x",), 1, "revoke.key"),
    ],
)
def test_what_cannot_be_is_refused_with_a_word(
    running: CommandWorld, who: str, args: tuple[str, ...], code: int, says: str
) -> None:
    refused = running.run(who, "revoke", *args, "-m", "Stolen")
    assert refused.code == code, refused
    assert says in refused.err


def test_the_last_keys_of_administrators_are_taken_only_on_purpose(running: CommandWorld) -> None:
    running.must("carol", "revoke", "dave", "-m", "Left")
    refused = running.run("carol", "revoke", "carol", "-m", "Stolen")
    assert refused.code == 1
    assert "--below-threshold" in refused.err
    running.must("carol", "revoke", "carol", "-m", "Stolen", "--below-threshold")
    assert running.run("carol", "revoke", "bob", "-m", "Too late").code == 1
    assert running.asked("frank", "journal", "verify")["verdict"] == "accept"
