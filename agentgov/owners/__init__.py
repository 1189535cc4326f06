"""CODEOWNERS: whose review a path needs. Text in, values out; nothing here reads a file, a repository or a clock.

Modules: `codeowners` (parse a file, find the line that decides a path), `pattern` (what one pattern means), `index`
(the last of many patterns that matches, without trying them all).
"""
