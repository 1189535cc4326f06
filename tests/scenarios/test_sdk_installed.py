"""What `pip install agentgov` brings is enough for an agent: the extras are for gates and for stores of PostgreSQL."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from pipelineworld import PipelineWorld
from sdkworld import PAYER, payer_world

from templates import homes, made

ROOT = Path(__file__).parents[2]
EXTRAS = ("httptools", "joserfc", "prometheus_client", "psycopg", "uvicorn", "uvloop")
PROGRAM = f"""
import sys
sys.modules.update(dict.fromkeys({EXTRAS}))  # as if nobody had installed them
import agentgov
repo, store = sys.argv[1:]
with agentgov.agent("{PAYER}", repo=repo, store=store) as agent:
    assert agent.prompt(customer="Ada", most=3, vip=False)
    with agent.act("refund.create", {{"amount": 5}}, key="once") as action:
        print(agent.release, action.args)
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> PipelineWorld:
    return made(tmp_path_factory.mktemp("installed"), payer_world)


def _runs(python: str | Path, world: PipelineWorld, tmp_path: Path) -> None:
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | homes(world.folder.parent)
    command = [str(python), "-c", PROGRAM, str(world.work), f"sqlite:///{tmp_path / 'agent.db'}"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=env, check=False)
    assert (done.returncode, done.stdout) == (0, f"{PAYER}/v1.0.0 {{'amount': 5}}\n"), done.stderr


def test_an_agent_without_a_server_takes_no_extra(world: PipelineWorld, tmp_path: Path) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    named = " ".join([*extras["gate"], *extras["postgresql"]])
    assert all(one.replace("_", "-") in named for one in EXTRAS)
    _runs(sys.executable, world, tmp_path)


@pytest.mark.slow
def test_a_new_environment_with_the_package_alone_runs_an_agent(world: PipelineWorld, tmp_path: Path) -> None:
    place = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
    python = place / "bin" / "python"
    subprocess.run([str(python), "-m", "pip", "install", "--quiet", str(ROOT)], check=True)
    found = subprocess.run([str(python), "-m", "pip", "list"], capture_output=True, text=True, check=True).stdout
    assert not [one for one in EXTRAS if one.replace("_", "-") in found]
    _runs(python, world, tmp_path)
