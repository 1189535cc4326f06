"""The journal: a linear branch of signed commits, one act of governance each.

Reading: `records` (state as small YAML files), `view` (where the journal stands, as everybody reads it), `line` (the
acts in their order), `parts` (parts of trees, and trees that are not written), `entry` (one commit: act, signatures,
envelope), `query` (look back). Deciding: `authority` (who may sign what), `authors` (who wrote a change of main),
`authorise` (which contents of main are covered by reviews), `reviews` (what a review does to the open ones), `tags` (is
this tag a release), `judge` (does this act hold here, and what does it change), `adopt` (the first act), `replay`
(verify the chain). Writing: `draft`, `reviewing`, `advancing` and `introduction` propose acts, `branch` appends them
with compare-and-swap; `remembered` is what this machine keeps outside the repository.

Nothing here plans releases; `release` proposes acts, and they are judged here like everybody else's.
"""
