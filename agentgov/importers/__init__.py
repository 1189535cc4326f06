"""Agents of other formats to agents of a fleet: everything the format says, and a worklist of what it does not say.

Modules: `naming` (names become DNS labels), `secrets` (literal secrets stay behind), `unknown` (what has to be
filled in), `writer` (agent.yaml as text with comments), `cagent`, `cagent_model`, `cagent_tools` (the format of
docker cagent), `sources` and `folders` (the shell: files in, agent folders out). Nothing that is imported is
executed or fetched.
"""
