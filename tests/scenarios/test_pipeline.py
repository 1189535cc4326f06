"""From a reviewed change to production and back, through real objects and a real remote."""

from simulator import TRIAGE, FleetSimulator

from agentgov.release import orders

PROMPT = f"{TRIAGE.folder}/prompts/system.md"
NAME = str(TRIAGE)


def counts(version: str, canary: tuple[int, int], stable: tuple[int, int]) -> dict[str, object]:
    """Cumulative (units, errors) of both sides."""
    return {
        NAME: {
            "release": f"{TRIAGE}/v{version}",
            "canary": {"units": canary[0], "error": canary[1]},
            "stable": {"units": stable[0], "error": stable[1]},
        }
    }


def to_production(world: FleetSimulator, version: str) -> None:
    """Release what is authorised and bring it to production on healthy traffic."""
    world.release("alice", TRIAGE, version)
    at = world.view().state.deployment(TRIAGE)
    for tick in range(40):
        at = world.tick(counts(version, (40 * tick, 0), (400 * tick, 4 * tick))).view.state.deployment(TRIAGE)
        if at.production.state == "STABLE" and at.staging.state == "PASSED" and at.canary.state == "GRADUATED":
            return
        if at.canary.state == "RAMP" and tick == 5:
            world.order("bob", orders.order_promote, TRIAGE, "production", reason="staging looks good")
    raise AssertionError(f"v{version} never reached production: {at}")


def test_first_release_reaches_production(world: FleetSimulator) -> None:
    to_production(world, "1.0.0")
    assert world.verify().offence is None
