"""Required reviews: what a change needs, which reviews count, and what is still missing. Pure.

Modules: `votes` (one person's word, and why it may not count), `requirements` (what is needed for a path), `decide`
(the verdict over both); for pull requests as forges see them `facts` (the file), `electorate` (who its people are) and
`pull_request` (its policy); for governed contents `rules` (what agentgov.yaml asks for) and `change` (the verdict).
"""
