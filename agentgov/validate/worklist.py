"""What an import could not know: lines of agent.yaml marked `# agentgov: fill in: ...`, each told with its place.

A placeholder is the strictest value there is, so removing a mark without filling in loosens nothing; the two that
have no strictest value, the owner and the model, are reserved words that are reported with or without a mark. Never
guesses what belongs there. A mark inside a text is text.
"""

from agentgov.model.finding import Finding
from agentgov.model.verdict import Location
from agentgov.validate import characters
from agentgov.validate.codes import finding
from agentgov.validate.comments import comments, scalar_spans
from agentgov.validate.positions import positions
from agentgov.validate.yaml_text import decode

MARK = "agentgov: fill in"
OWNER = "team:fill-in"
MODEL = "fill-in/model"

_HINTS = (MARK.encode(), OWNER.encode(), MODEL.encode())


def fill_ins(data: bytes, file: str) -> tuple[Finding, ...]:
    """One finding for each line of a file that still has to be filled in, in the order of the lines."""
    if not any(hint in data for hint in _HINTS):
        return ()
    text, _ = decode(data, file)
    if text is None:
        return ()
    spans = scalar_spans(text)
    marked = (comment for comment in comments(text, spans) if comment.text.startswith(MARK))
    found = {comment.line: _what(comment.text) for comment in marked}
    places = positions(data).values
    for pointer in ("/spec/owner", "/spec/model/primary"):
        line = places.get(pointer, (0, 0))[0] - 1
        for span in spans:
            if span.start[0] == line and span.value in (OWNER, MODEL):
                found.setdefault(line, f"{span.value} stands for what is not known yet")
    pointers = {line: pointer for pointer, (line, _) in sorted(places.items(), key=lambda item: item[1])}
    lines = characters.lines(text)
    return tuple(_finding(file, lines[line], line, message, pointers) for line, message in sorted(found.items()))


def _what(comment: str) -> str:
    return comment.removeprefix(MARK).lstrip(":").strip() or "this line is not filled in yet"


def _finding(file: str, line: str, number: int, message: str, pointers: dict[int, str]) -> Finding:
    column = len(line) - len(line.lstrip()) + 1
    where = Location(file, number + 1, column, pointers.get(number + 1, ""))
    return finding("import.fill-in", where, message, f'fill it in and remove the comment "# {MARK}"')
