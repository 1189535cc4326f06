"""Many processes append to one journal through one remote at the same time."""

from collections import Counter
from pathlib import Path

import pytest
from appending import crowd
from simulator import FleetSimulator

CROWD, ACTS = 20, 10


@pytest.mark.slow
@pytest.mark.parametrize("processes", [6, CROWD])
def test_nothing_is_lost_and_nothing_lands_twice(world: FleetSimulator, tmp_path: Path, processes: int) -> None:
    before = world.view().state.head.seq
    crowd(world, tmp_path, processes, ACTS)
    found = world.verify()
    assert found.offence is None
    assert found.view is not None
    assert found.view.state.head.seq == before + processes * ACTS
    reasons = Counter(pause.reason for pause in found.view.state.pauses().values())
    assert reasons == {f"clone-{number} {act}": 1 for number in range(processes) for act in range(ACTS)}


def test_a_few_at_once_lose_nothing(world: FleetSimulator, tmp_path: Path) -> None:
    crowd(world, tmp_path, 3, 2)
    found = world.verify()
    assert found.offence is None
    assert found.view is not None
    assert len({pause.reason for pause in found.view.state.pauses().values()}) == 6
