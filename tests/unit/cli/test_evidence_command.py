"""`evidence` at the command line: results from files of tools, what they come to, and what a release still lacks."""

import json
from pathlib import Path

import pytest
from evidenceworld import SUITE, agent_with_evals
from unit.cli.command_world import ACCESS, CommandWorld

DATA = Path(__file__).parents[2] / "data/evidence"
TRIAGE = "support/triage"
FILE = f"agents/{TRIAGE}/agent.yaml"
CANARY = [f"eval {SUITE}"]


@pytest.fixture(scope="module")
def asking_world(running_world: CommandWorld, tmp_path_factory: pytest.TempPathFactory) -> CommandWorld:
    """v1.2.0 of support/triage is to pass an evaluation before canary; bob and erin may add results, and a bot."""
    world = running_world.copied(tmp_path_factory.mktemp("worlds") / "asking")
    bot = (world.keys / "mallory.pub").read_text().strip()
    access = world.edit(ACCESS, "bindings:\n", "  - {name: tester, verbs: [evidence]}\nbindings:\n")
    world.write({ACCESS: access})
    tester = 'bindings:\n  - {role: tester, who: [alice, bob, erin], agents: ["support/*"]}\n'
    world.write({ACCESS: world.edit(ACCESS, "bindings:\n", tester)})
    more = world.edit(ACCESS, "teams:\n", f'  - {{id: prober, kind: evidence, keys: ["{bot}"]}}\nteams:\n')
    world.change("carol", {ACCESS: more}, "Who may add results")
    world.must("dave", "review", "approve")
    world.tick()
    world.authorise({FILE: agent_with_evals(), f"agents/{TRIAGE}/{SUITE}": "tests: []\n"})
    world.must("alice", "release", TRIAGE)
    world.tick()
    return world.packed()


@pytest.fixture
def asking(asking_world: CommandWorld, tmp_path: Path) -> CommandWorld:
    return asking_world.copied(tmp_path / "world")


def written(world: CommandWorld, passed: int, failed: int) -> str:
    """A file of our own form."""
    path = world.folder / "results.json"
    tests = {"passed": passed, "failed": failed}
    path.write_text(json.dumps({"schema": "agentgov.evidence/1", "tool": "probe", "tests": tests}))
    return str(path)


def test_a_pass_is_signed_into_the_journal_and_opens_the_stage(asking: CommandWorld) -> None:
    file = written(asking, 98, 2)
    document = asking.asked("erin", "evidence", "add", TRIAGE, "1.2.0", "--result", file, "-m", "Nightly run")
    assert document["act"]["subject"] == f"add eval evidence for {TRIAGE} v1.2.0: passed"
    assert (document["suite"], document["metrics"]) == (SUITE, {"pass_rate": "0.98", "tests": "100"})
    assert (document["short"], document["missing"]) == ([], {})
    (listed,) = [one for one in asking.asked("frank", "evidence", "list", TRIAGE)["releases"] if one["results"]]
    assert (listed["release"], listed["missing"]) == (f"{TRIAGE}/v1.2.0", {})
    assert listed["results"][0]["by"] == "person:erin"
    assert asking.asked("frank", "journal", "verify")["verdict"] == "accept"
    shown = asking.must("frank", "evidence", "list", TRIAGE, "v1.2.0").out
    assert f"passed eval {SUITE}" in shown


def test_results_below_the_minimum_are_recorded_and_end_with_1(asking: CommandWorld) -> None:
    file = written(asking, 96, 4)
    document = asking.asked("erin", "evidence", "add", TRIAGE, "1.2.0", "--result", file, code=1)
    assert (document["result"], document["short"]) == ("failed", ["pass_rate 0.96, needs 0.97"])
    waits = [f"eval {SUITE} failed: pass_rate 0.96, needs 0.97"]
    assert document["missing"] == {"canary": waits, "production": waits}
    assert document["act"] is not None


@pytest.mark.parametrize("name", ["promptfoo.json", "pytest.xml", "surefire.xml"])
def test_what_tools_write_is_read_and_a_dry_run_signs_nothing(asking: CommandWorld, name: str) -> None:
    tip = asking.git("rev-parse", "agentgov/journal", cwd=asking.remote)
    args = ("evidence", "add", TRIAGE, "1.2.0", "--result", str(DATA / name), "--dry-run")
    assert asking.asked("frank", *args, code=1)["act"] is None
    assert asking.git("rev-parse", "agentgov/journal", cwd=asking.remote) == tip


def test_a_bot_signs_with_its_key_and_another_bot_does_not(asking: CommandWorld) -> None:
    file = written(asking, 100, 0)
    env = {"AGENTGOV_KEY_FILE": str(asking.keys / "mallory")}
    document = asking.asked("frank", "evidence", "add", TRIAGE, "1.2.0", "--result", file, env=env)
    assert document["act"]["actor"] == "bot:prober"
    found = asking.run("reconciler", "evidence", "add", TRIAGE, "1.2.0", "--result", file)
    assert (found.code, found.out) == (1, "")
    assert "takes a bot of kind evidence" in found.err


@pytest.mark.parametrize(
    ("who", "says"),
    [
        ("alice", "alice signed support/triage/v1.2.0"),
        ("dave", "agentgov who evidence support/triage"),
    ],
)
def test_who_may_not_add_results_is_told(asking: CommandWorld, who: str, says: str) -> None:
    found = asking.run(who, "evidence", "add", TRIAGE, "1.2.0", "--result", written(asking, 1, 0))
    assert (found.code, found.out) == (1, "")
    assert says in found.err


@pytest.mark.parametrize(
    ("args", "code", "says"),
    [
        (("1.2.0", "--result", "nowhere.json"), 2, "cannot be read"),
        (("1.2.0", "--result", FILE), 2, "neither JSON nor XML"),
        (("1.2.0", "--result", str(DATA / "pytest.xml"), "--form", "promptfoo"), 2, "not strict JSON"),
        (("1.2.0", "--result", str(DATA / "pytest.xml"), "--suite", "evals/other.yaml"), 2, SUITE),
        (("9.0.0", "--result", str(DATA / "pytest.xml")), 3, "has not seen"),
        (("nonsense", "--result", str(DATA / "pytest.xml")), 2, "names no release"),
    ],
)
def test_what_cannot_be_is_told(asking: CommandWorld, args: tuple[str, ...], code: int, says: str) -> None:
    found = asking.run("erin", "evidence", "add", TRIAGE, *args)
    assert (found.code, found.out) == (code, "")
    assert says in found.err


def test_nothing_is_listed_of_what_is_not_there(asking: CommandWorld) -> None:
    assert "no release in the pipeline" in asking.must("frank", "evidence", "list", "finance/payroll").out
    assert asking.run("frank", "evidence", "list", TRIAGE, "9.0.0").code == 2
    assert asking.asked("frank", "evidence", "list", TRIAGE, "1.2.0")["releases"][0]["missing"] == {
        "canary": CANARY,
        "production": CANARY,
    }


def test_status_says_in_every_clone_what_the_next_release_lacks(asking: CommandWorld) -> None:
    assert f"lacks {TRIAGE}: eval {SUITE} before canary\n" in asking.must("frank", "status", TRIAGE).out
    asking.asked("erin", "evidence", "add", TRIAGE, "1.2.0", "--result", written(asking, 98, 2))
    (row,) = asking.asked("frank", "status", TRIAGE)["agents"]
    assert row["missing"] == {}
