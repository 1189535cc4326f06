"""The first files of a fleet and of an agent, as text: pure functions, values in, files out.

Modules: `fleet` (agentgov.yaml, governance, README), `forge` (CODEOWNERS, CI workflow, pre-commit hook), `agent`
(one agent that validates). Nothing here reads a disk, a repository or a clock; what is written where is the
commands' business.
"""
