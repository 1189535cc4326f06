"""The first files of a fleet and of an agent, as text: pure functions, values in, files out.

Modules: `fleet` (agentgov.yaml, governance, README), `forge` (CODEOWNERS, pre-commit hook), `ci_github`, `ci_steps`
and `ci_gitlab` (what CI runs), `editor` (schemas for editors), `agent` (one agent that validates). Nothing here reads a
disk, a repository or a clock; what is written where is the commands' business.
"""
