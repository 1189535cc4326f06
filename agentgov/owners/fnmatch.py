r"""What one pattern of a CODEOWNERS file matches in GitLab's dialect: Ruby's `File.fnmatch` after GitLab's rewriting.

GitLab (`Gitlab::CodeOwners::File#normalize_pattern` in ee/lib/gitlab/code_owners/file.rb) makes of a pattern:

- `*` alone: `/**/*`, every path.
- `\#` at the start: `#`. A backslash before white space: one space.
- Without a slash at the start: `/**/` before it, so it matches at any depth, inner slashes or not.
- With a slash at the end: `**/*` after it, so it is everything below. Without one, a folder is not its files.

The result is matched against `/path` by `File.fnmatch` with FNM_PATHNAME and FNM_DOTMATCH (dir.c of Ruby):

- `*`, `?` and `[...]` stay within one name and match a leading dot; `{a,b}` is plain text.
- `**/` at the start of a name is any number of folders; every other run of stars is one `*`: `/docs/**` is `/docs/*`.
- `[abc]`, `[a-z]`, `[!a]` and `[^a]` are one character; a bracket that does not end matches nothing, `[]` nothing,
  `[!]` anything. A range that runs backwards holds its two ends.
- A backslash makes the next character an ordinary one, the slash excepted; at the end of a pattern it is nothing.
"""

import re
from collections.abc import Iterator

from agentgov.owners.pattern import NO_NAMES, NOTHING, STAR, Chars, Name, Pattern, Step, Wild, glob, reaching

_SPECIAL = re.compile(r"[\\*?\[]")
_ESCAPED_SPACE = re.compile(r"\\[ \t\r\n\f\v]+")


def normalise(text: str) -> str:
    """The pattern that GitLab hands to `File.fnmatch`; two patterns that become the same are one entry of a section."""
    if text == "*":
        return "/**/*"
    if text.startswith("\\#"):
        text = text[1:]
    text = _ESCAPED_SPACE.sub(" ", text)
    if not text.startswith("/"):
        text = f"/**/{text}"
    return f"{text}**/*" if text.endswith("/") else text


def parse_normalised(text: str) -> Pattern:
    """Take apart what `normalise` has made."""
    start = "/**/" if text.startswith("/**/") else "/"
    end = "/**/*" if text.endswith("/**/*") else ""
    inner = text[len(start) : len(text) - len(end)]
    names: list[Name]
    if inner and _SPECIAL.search(inner) is None:  # nearly all patterns are plain but for what GitLab adds
        names = [*([None] if start == "/**/" else []), *inner.split("/"), *([None, STAR] if end else [])]
    else:
        names = list(_names(text.removeprefix("/")))
    if not NO_NAMES.isdisjoint(names):
        return NOTHING
    return Pattern((), "entry") if names == [None, STAR] else reaching(names, "entry")


def unending_bracket(text: str) -> bool:
    """Whether a bracket is opened that never ends, so that nothing matches."""
    return any(name == "" for name in _names(normalise(text).removeprefix("/")))


def _names(text: str) -> Iterator[Name]:
    """The names of a pattern; "" for one that no name of a path can match."""
    steps: list[Step] = []
    place, start = 0, True
    while place < len(text):
        if start and text.startswith("**/", place):
            yield None
            place += 3
            continue
        start = False
        step, place = _step(text, place)
        if step is None:
            yield ""
            return
        if step == "/":
            yield glob(steps)
            steps, start = [], True
        elif step:
            steps.append(step)
    yield glob(steps)


def _step(text: str, place: int) -> tuple[Step | None, int]:
    """The step that begins at a place ("": none) and where the next begins; None for a bracket that does not end."""
    char = text[place]
    if char == "*":
        return Wild.MANY, place + 1
    if char == "?":
        return Wild.ONE, place + 1
    if char == "[":
        return _bracket(text, place + 1)
    if char == "\\":
        return text[place + 1 : place + 2], place + 2
    return char, place + 1


def _bracket(text: str, place: int) -> tuple[Chars | None, int]:
    """The characters between brackets, read from behind the opening one."""
    negated = text[place : place + 1] in ("!", "^") and place < len(text)
    place += negated
    ranges: list[tuple[str, str]] = []
    while place < len(text):
        if text[place] == "]":
            return Chars(tuple(ranges), negated), place + 1
        low, place = _member(text, place)
        high = low
        if text[place : place + 1] == "-" and text[place + 1 : place + 2] != "]":
            high, place = _member(text, place + 1)
        if not low or not high:
            break
        ranges.append((low, high))
    return None, len(text)


def _member(text: str, place: int) -> tuple[str, int]:
    """One character of a bracket, "" at the end of the text."""
    place += text[place : place + 1] == "\\"
    return text[place : place + 1], place + 1
