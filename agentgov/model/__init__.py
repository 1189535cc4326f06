"""The words of the product as frozen types, and the pure rules that follow from them alone.

Nothing here reads a file, a repository, a clock or a terminal. Modules: `verdict` (reasons and answers), `finding`
(what validation says), `names` (ids and versions), `units` (durations, money, shares), `document`, `fleet`, `access`,
`pipeline`, `agent`, `policies`, `playbook` (the documents that users write), `snapshot` (files at one moment),
`governed` (which paths count), `closure` (what an agent is, as bytes), `act` (the text of a signed act), `state` (what
the journal says is so).
"""
