"""From the bytes that users write to a typed fleet and findings with file, line, column and pointer.

Modules: `yaml_reader` (strict YAML 1.2), `positions` and `scalar_text` (where things stand, down to one character),
`engine`, `schema` and `guess` (JSON Schema, explained in plain words), `suppress` and `comments` (marks that take
findings out), `explanations` (what a code means), `load` (typed documents), `layout`, `references`, `limits`,
`ownership`, `content`, `conditions`, `literals`, `environment` (rules beyond the schema), `run` (all at once), `codes`
(every code that may be said).

Nothing here reads a disk, a repository, a clock or a terminal, and nothing that was read is ever executed.
"""
