"""The journal: a linear branch of signed commits, one act of governance each.

Modules: `records` (state as small YAML files), `view` (where the journal stands, as everybody reads it), `entry` (one
commit: act, signatures, envelope), `authority` (who may sign what), `authors` (who wrote a change of main), `authorise`
(which contents of main are covered by reviews), `tags` (is this tag a release), `judge` (does this act hold here, and
what does it change), `replay` (verify the chain), `branch` (append with compare-and-swap), `adopt` (the first act).
Nothing here plans releases; `release` proposes acts, and they are judged here like everybody else's.
"""
