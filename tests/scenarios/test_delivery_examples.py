"""The examples of delivery fit what the reconciler writes, and the script runs against a real remote."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from patience import PATIENCE
from pipelineworld import PipelineWorld
from simulator import FLEET_YAML, TRIAGE

from agentgov.delivery.branch import rendered_ref
from agentgov.delivery.choose import Deliveries
from agentgov.delivery.render import paths_of
from agentgov.release import orders

EXAMPLES = Path(__file__).resolve().parents[2] / "examples/delivery"
BRANCH = rendered_ref("production").removeprefix("refs/heads/")
CONFIG, MANIFEST = paths_of(TRIAGE)


def documents(name: str) -> list[Any]:
    return list(yaml.safe_load_all((EXAMPLES / name).read_text("utf-8")))


def test_argo_cd_prunes_what_the_branch_does_not_hold() -> None:
    (application,) = documents("argocd/application.yaml")
    source, policy = application["spec"]["source"], application["spec"]["syncPolicy"]["automated"]
    assert (source["targetRevision"], source["path"], source["directory"]) == (BRANCH, "manifests", {"recurse": True})
    assert policy == {"prune": True, "selfHeal": True, "allowEmpty": True}
    assert MANIFEST.startswith("manifests/")


def test_flux_prunes_what_the_branch_does_not_hold() -> None:
    repository, kustomization = documents("flux/agents.yaml")
    assert repository["spec"]["ref"] == {"branch": BRANCH}
    assert kustomization["spec"]["sourceRef"]["name"] == repository["metadata"]["name"]
    assert (kustomization["spec"]["path"], kustomization["spec"]["prune"]) == ("./manifests", True)


@pytest.fixture
def world(tmp_path: Path) -> PipelineWorld:
    """One agent in production, rendered."""
    files = {"agentgov.yaml": FLEET_YAML + "delivery: {rendered: [production]}\n"}
    found = PipelineWorld(tmp_path / "world", files=files)
    found.ship("1.0.0")
    follow(found)
    return found


def follow(world: PipelineWorld) -> None:
    view = world.view()
    assert Deliveries(world.journal, world.appender("reconciler")).follow(view, (), world.clock()) == ()


def pull(world: PipelineWorld, to: Path) -> int:
    """The exit code of the script on a machine that has a clone."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    command = ["sh", str(EXAMPLES / "git-pull/pull.sh"), str(world.work), "production", str(to)]
    env = {**os.environ, "PATH": path}
    return subprocess.run(command, env=env, capture_output=True, check=False, timeout=PATIENCE).returncode


def test_the_script_takes_only_what_the_journal_says(world: PipelineWorld, tmp_path: Path) -> None:
    to = tmp_path / "agents"
    assert pull(world, to) == 0
    assert (to / CONFIG).is_file()
    first = to.readlink()
    world.order("erin", orders.order_pause, str(TRIAGE), mode="stop", until=0, reason="it lies")
    assert pull(world, to) == 1  # not rendered yet
    assert to.readlink() == first
    follow(world)
    assert pull(world, to) == 0
    assert not (to / CONFIG).exists()
    assert (to / "index.json").is_file()
    assert not first.exists()
    assert pull(world, to) == 0  # nothing new
