"""`python -m agentgov`."""

from agentgov.cli.main import run

run()
