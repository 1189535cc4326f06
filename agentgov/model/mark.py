"""The form of a mark that suppresses a finding: `agentgov: ignore[CODE, CODE] because REASON`, in one line of a file.

Which finding a mark covers and whether it counts is decided in `validate.suppress`; a mark is compared in `diff`, since
what is suppressed is a change although no value of the document is.
"""

import re
from collections.abc import Iterator

HINT = "agentgov:"  # a text without it has no mark
START = re.compile(r"agentgov:[ \t]*ignore\b")
FORM = re.compile(r"agentgov: ignore\[([^\[\]]*)\](.*)$")
REASON = re.compile(r"[ \t]+because[ \t]+(.*\w.*)$")


def written(data: bytes) -> Iterator[tuple[int, str, str]]:
    """(line from 1, code, reason) of everything in a file that has the form of a mark, also where it stands inside of a
    text: without reading the document that cannot be told, and one too many is the safe side."""
    if HINT.encode() not in data:
        return
    for number, line in enumerate(re.split(r"\r\n|\r|\n", data.decode("utf-8", "replace")), 1):
        start = START.search(line) if HINT in line else None
        form = FORM.match(line, start.start()) if start is not None else None
        reason = REASON.match(form[2]) if form is not None else None
        if form is not None and reason is not None:
            for code in form[1].split(","):
                yield number, code.strip(), reason[1].strip()
