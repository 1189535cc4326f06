"""`python -m agentgov`."""

from agentgov.cli.launch import run

run()
