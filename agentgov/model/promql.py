"""Queries of Prometheus with placeholders: what may stand in them, and what is asked in their place. Pure.

    sum(increase(agent_sessions_total{agent="$agent", arm="$arm"}[$window]))

Placeholders stand inside of quotes, and `$window` in brackets: what is put there can never end a string. A query that
forgets what it is about (no agent, no side of the split, no time) is refused here, before it judges anything.
"""

import re
from collections.abc import Mapping

MOST = 2000  # characters of a query
PLACEHOLDERS = ("agent", "workspace", "release", "version", "arm", "window")
_AGENT = frozenset({"agent", "release"})  # one of these says whose units are counted
_ARM = frozenset({"arm", "release", "version"})  # one of these says on which side of the split
# A string in double or single quotes (backslash escapes), a raw string, a comment, or one other character:
# https://prometheus.io/docs/prometheus/latest/querying/basics/#string-literals
_TOKEN = re.compile(
    r"""(?P<string>"(?:[^"\\\n]|\\.)*+"|'(?:[^'\\\n]|\\.)*+')|(?P<raw>`[^`]*+`)|(?P<comment>\#[^\n]*+)"""
    r"""|(?P<window>\[\s*+\$window\s*+\])|(?P<other>[^"'`])|(?P<open>["'`])"""
)
_NAME = re.compile(r"\$([A-Za-z_]\w*+)")


def promql_problem(query: str) -> str:
    """What is wrong with a query, "" where nothing is. Whether it is PromQL at all, only Prometheus can say."""
    if not query.strip():
        return "it is empty"
    if len(query) > MOST:
        return f"it has more than {MOST} characters"
    found: set[str] = set()
    bare = ""
    for token in _TOKEN.finditer(query):
        kind, text = token.lastgroup, token[0]
        if kind == "open":
            return f"a string that begins with {text} does not end"
        names = _NAME.findall(text)
        if kind == "string":
            if unknown := next((name for name in names if name not in PLACEHOLDERS), ""):
                return _unknown(unknown)
            if "window" in names:
                return "$window stands in brackets: [$window]"
            found.update(names)
        elif kind == "window":
            found.add("window")
        elif kind == "raw" and names:
            return f'${names[0]} stands in backquotes, where nothing can be escaped: use "..."'
        bare += text if kind == "other" else " "
    if names := _NAME.findall(bare):
        name = names[0]
        return f'${name} stands outside of quotes: write "${name}"' if name in PLACEHOLDERS else _unknown(name)
    return _missing(found)


def promql(query: str, values: Mapping[str, str]) -> str:
    """A query that has no problem, with its placeholders filled in; `window` is a duration of PromQL such as 90s."""

    def filled(token: re.Match[str]) -> str:
        if token.lastgroup == "window":
            return f"[{values['window']}]"
        if token.lastgroup != "string":
            return token[0]
        return _NAME.sub(lambda name: _escaped(values[name[1]], token[0][0]), token[0])

    return _TOKEN.sub(filled, query)


def _missing(found: set[str]) -> str:
    if "window" not in found:
        return "it does not say since when: count over [$window], which begins with the canary"
    if not found & _AGENT:
        return 'it does not say whose units are counted: agent="$agent"'
    if not found & _ARM:
        return 'it does not say on which side of the split: arm="$arm", or release="$release"'
    return ""


def _unknown(name: str) -> str:
    return f"${name} is no placeholder; there are {', '.join(f'${one}' for one in PLACEHOLDERS)}"


def _escaped(value: str, quote: str) -> str:
    return value.replace("\\", "\\\\").replace(quote, f"\\{quote}").replace("\n", "\\n")
