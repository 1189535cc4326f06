"""`agentgov serve` where it cannot begin: one line that says what to do."""

import subprocess
import sys

import pytest

_BLOCKED = """
import sys
sys.modules[{name!r}] = None
from agentgov.cli.main import status
sys.exit(status(["serve"]))
"""


@pytest.mark.parametrize("name", ["uvicorn", "prometheus_client", "joserfc"])
def test_without_the_extra_it_says_what_to_install(name: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _BLOCKED.format(name=name)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert f"the gate takes {name}, which is not installed" in done.stderr
    assert "pip install 'agentgov[gate]'" in done.stderr
    assert "Traceback" not in done.stderr
