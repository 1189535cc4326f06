"""CODEOWNERS: whose review a path needs. Text in, values out; nothing here reads a file, a repository or a clock.

Modules: `codeowners` (a file as values, the line that decides a path), `github` and `gitlab` (how each forge reads the
lines, `lines` what both give), `pattern` and `fnmatch` (what one pattern means to each), `index`, `names` and
`automaton` (the last of many patterns that matches, without trying them all), `lint` and `covering` (lines that do not
do what they seem to).
"""
