"""What must not stand in any governed file, whatever its kind: secrets, hidden characters, too many bytes.

Looks at bytes. Files that are not text (an image beside a prompt) are left alone, but for their size.
"""

from collections.abc import Iterable, Iterator
from itertools import islice

from agentgov.model.finding import Finding
from agentgov.model.governed import kind_of
from agentgov.model.verdict import Location
from agentgov.validate import characters, literals, pointers
from agentgov.validate.codes import finding
from agentgov.validate.positions import Positions, positions
from agentgov.validate.view import Subject, View
from agentgov.validate.worklist import fill_ins
from agentgov.validate.yaml_text import MAX_BYTES, MOST_HIDDEN, too_large

MOST_SECRETS = 100  # told for one file
_SCANNED = ("agents/", "governance/", "playbooks/", "drills/")
_FIX = "write a reference to a secret store, and revoke this one: whoever can read the repository has it"


def check(view: View, paths: Iterable[str]) -> Iterator[Finding]:
    """What stands in these files and should not; paths outside the fleet's own folders are skipped."""
    for path in paths:
        if not path.startswith(_SCANNED) and path != "agentgov.yaml":
            continue
        if view.is_file(path):
            yield from _file(path, view.snapshot.read(path))


def check_agent(view: View, subject: Subject) -> Iterator[Finding]:
    """Values in the free parts of an agent.yaml that look like secrets although they have no known shape."""
    agent = subject.agent
    free = {"/spec/runtime": agent.spec.runtime, "/metadata/labels": agent.metadata.labels, **agent.extensions}
    for start, value in free.items():
        above, _, name = start.rpartition("/")
        for pointer, why in literals.suspicious({pointers.plain(name): value}, above) if value else ():
            yield view.at("secret.suspicious", subject.file, pointer, f"{why} may be a secret", _FIX)


def _file(path: str, data: bytes) -> Iterator[Finding]:
    kind = kind_of(path)
    if len(data) > MAX_BYTES:
        if kind is None:  # of a document the reader says so
            yield too_large(data, path)
        return
    yield from _secrets(path, data)
    if kind is not None:  # read and judged as a document
        yield from fill_ins(data, path)
        return
    if not characters.is_plain(data):
        yield from _hidden(path, data)


def _secrets(path: str, data: bytes) -> Iterator[Finding]:
    found = list(islice(literals.shapes(data), MOST_SECRETS))
    if not found:
        return
    text = data.decode("utf-8", "surrogateescape")
    place = characters.placing(text)
    where = positions(data) if path.endswith((".yaml", ".yml")) else Positions()
    for offset, what in found:
        index = offset if text.isascii() else len(data[:offset].decode("utf-8", "surrogateescape"))
        line, column = place(index)
        at = Location(path, line, column, where.pointer(line, column))
        yield finding("secret.literal", at, f"this looks like {what}", _FIX)


def _hidden(path: str, data: bytes) -> Iterator[Finding]:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return  # prompts that are not text are told by `prompts`
    text = text.removeprefix("\ufeff")
    place = characters.placing(text)
    for index, name in islice(characters.hidden(text), MOST_HIDDEN):
        where = Location(path, *place(index))
        yield finding("text.hidden-character", where, f"hidden character {name}", "remove it")
