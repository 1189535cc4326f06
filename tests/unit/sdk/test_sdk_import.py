"""Who imports the package pays for nothing; who opens an agent at a gate loads no git, no YAML and no server."""

import subprocess
import sys

HEAVY = ("asyncio", "git", "pygit2", "yaml", "jsonschema", "click", "rich", "sqlite3", "starlette", "uvicorn", "httpx2")
CODE = f"""
import sys
import agentgov
assert not [one for one in sys.modules if one.startswith("agentgov.")], sys.modules
agentgov.agent
assert agentgov.sdk.Paused
print(*[one for one in {HEAVY} if one in sys.modules])
"""


def test_an_import_loads_what_it_needs() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stderr
