"""All access to git: read raw objects under a strict grammar, write objects and refs, fetch, push, sign as a person.

The only package that imports pygit2 or GitPython. What is read is checked against its object id and never filtered by
hooks, replace refs, grafts, commit-graph or the repository's own config; nothing that a repository names is executed.
Modules: `repository` (all of it as one value), over `location` (where it is), `storage` and `reader` (ids to bytes),
`refs`, `objects` (the grammar), `compose` (objects as bytes), `revision` (names to commits), `history` (ancestry),
`treeedit` (new trees), `program` (the git program) and `plumbing` (git without the repository's config); beside it
`changes`, `snapshot`, `remote`, `signing`, `clock`.
"""
