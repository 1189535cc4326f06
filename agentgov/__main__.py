"""`python -m agentgov`."""

from agentgov.cli.start import run

run()
