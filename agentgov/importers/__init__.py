"""Agents of other formats to agents of a fleet: everything the format says, and a worklist of what it does not say.

The way of an import: `sources` reads files (the shell), `registry` knows which module reads their format, that module
turns each into a `draft.Reading`, `importing` gives names, `agent_document` makes the files, `folders` writes them or
finds them there (the shell). Readers share `documents` (YAML without secrets), `values`, `model`, `tools`, `naming`
(names become DNS labels), `secrets` (literal secrets stay behind), `unknown` (what has to be filled in) and `writer`
(agent.yaml as text with comments). Nothing that is imported is executed, rendered or fetched.
"""
