"""Findings that somebody has looked at and lives with: marks in the files, `# agentgov: ignore[CODE] because REASON`.

A mark covers its own line, or the next one where it stands alone, and the whole of a text that starts or ends there; in
agent.yaml also the files of the agent's folder that are named in that line, because a prompt goes to a model as it is
and holds no marks. Nothing is hidden: what a mark takes out is told with its reason, and a mark that takes out nothing
is a finding itself. Whether marks count is for the governance that judges; what the product builds on is beyond them.
"""

import re
from collections.abc import Callable, Iterable, Iterator

import msgspec

from agentgov.model import guess
from agentgov.model.closure import resolve
from agentgov.model.finding import Finding, Severity, Suppressed
from agentgov.model.fleet import Validation
from agentgov.model.governed import CODEOWNERS, FLEET_FILE
from agentgov.model.mark import FORM, HINT, REASON, START
from agentgov.model.names import agent_of_path
from agentgov.model.verdict import Location
from agentgov.validate import characters
from agentgov.validate.codes import CODES, finding
from agentgov.validate.comments import Comment, Span, comment_in, comments, scalar_spans
from agentgov.validate.positions import Positions, positions
from agentgov.validate.yaml_text import decode

# The errors that leave room for judgement: shapes that may be mistaken, and gaps that a fleet may live with. Everything
# else that is an error stays one: documents that cannot be read, names that mean nothing, access, ownership, limits.
JUDGEMENT = frozenset(
    {
        "codeowners.invalid-owner",
        "codeowners.invalid-pattern",
        "content.irreversible-without-rule",
        "content.no-budget",
        "content.no-oncall",
        "prompt.undeclared-variable",
        "secret.literal",
        "text.hidden-character",
    }
)

_NAMES_FILE = re.compile(r"/spec/(?:prompts/(?:system/file|partials/\d+)|tools/\d+/args/file|evals/\d+/suite)\Z")
_FOLDERS = (FLEET_FILE, "agents/", "governance/", "playbooks/", "drills/")
MOST_MARKS = 1000  # in one file
MOST_CODES = 20  # in one mark
_MOST_GUESSES = 100  # what was meant by an unknown code; guessing is slow, and nobody reads a thousand guesses
_HOW = "write # agentgov: ignore[CODE] because REASON"


class Suppression(msgspec.Struct, frozen=True):
    """One mark: the codes it names, the reason, the first and last line it covers, and the files named there.

    `problem` is what is wrong with the mark itself (code, message, fix); such a mark suppresses nothing.
    """

    where: Location
    codes: tuple[str, ...] = ()
    reason: str = ""
    first: int = 0
    last: int = 0
    files: tuple[str, ...] = ()
    problem: tuple[str, str, str] | None = None


class Applied(msgspec.Struct, frozen=True):
    """Findings that stand, those about marks among them, and those that were taken out."""

    kept: tuple[Finding, ...]
    suppressed: tuple[Suppressed, ...]


def may_hold_marks(path: str) -> bool:
    """Whether marks in a file count: YAML documents of the fleet, and CODEOWNERS."""
    return (path.endswith((".yaml", ".yml")) and path.startswith(_FOLDERS)) or path in CODEOWNERS


def suppressions(data: bytes, file: str) -> tuple[Suppression, ...]:
    """The marks in one file, whose path says what it is; a pure function of both."""
    if HINT.encode() not in data:
        return ()
    if file in CODEOWNERS:
        text = data.decode("utf-8", "surrogateescape")
        found = filter(None, (comment_in(number, line) for number, line in enumerate(characters.lines(text))))
        return tuple(_marks(list(found), text, file, [], Positions()))
    decoded, _ = decode(data, file)
    if decoded is None:
        return ()
    spans = scalar_spans(decoded)
    marked = [comment for comment in comments(decoded, spans) if START.match(comment.text)]
    return tuple(_marks(marked, decoded, file, spans, positions(data))) if marked else ()


def _marks(found: list[Comment], text: str, file: str, spans: list[Span], where: Positions) -> Iterator[Suppression]:
    says = _next_that_says_something(characters.lines(text))
    long = [span for span in spans if span.last > span.first]
    ends, starts = {span.first: span.last for span in long}, {span.last: span.first for span in long}
    files = _files(file, where)
    for number, comment in enumerate(comment for comment in found if START.match(comment.text)):
        place = Location(file, comment.line + 1, comment.column + 1)
        if number == MOST_MARKS:
            message = f"more than {MOST_MARKS:,} marks in one file: this one and those below are not read"
            yield Suppression(place, problem=("suppress.malformed", message, "mend what is found instead"))
            return
        line = says[comment.line] if comment.alone else comment.line
        first, last = starts.get(line, line), ends.get(line, line)
        yield _mark(comment.text, place, first + 1, last + 1, tuple(files.get(line + 1, ())))


def _mark(text: str, where: Location, first: int, last: int, files: tuple[str, ...]) -> Suppression:
    form = FORM.match(text)
    codes = tuple(code.strip() for code in form[1].split(",")) if form else ()
    if form is None or not all(codes):
        return Suppression(where, problem=("suppress.malformed", "this is no mark, so it suppresses nothing", _HOW))
    if len(codes) > MOST_CODES:
        message = f"a mark names at most {MOST_CODES} codes, and this one suppresses nothing"
        return Suppression(where, problem=("suppress.malformed", message, "mend what is found instead"))
    reason = REASON.match(form[2])
    if reason is None:
        message = f"{', '.join(codes)} {'is' if len(codes) == 1 else 'are'} suppressed without a reason, so not at all"
        return Suppression(where, problem=("suppress.no-reason", message, _HOW))
    return Suppression(where, tuple(dict.fromkeys(codes)), reason[1].strip(), first, last, files)


def _next_that_says_something(lines: list[str]) -> list[int]:
    """For each line the next one behind it that is neither empty nor a comment; itself where there is none."""
    found = list(range(len(lines)))
    following: int | None = None
    for number in range(len(lines) - 1, -1, -1):
        found[number] = number if following is None else following
        if lines[number].strip() and not lines[number].lstrip().startswith("#"):
            following = number
    return found


def _files(file: str, where: Positions) -> dict[int, list[str]]:
    """The files of its own folder that an agent.yaml names, by line; a shared text is not one agent's to judge."""
    agent, found = agent_of_path(file), dict[int, list[str]]()
    for pointer, scalar in where.scalars.items():
        if agent is not None and _NAMES_FILE.match(pointer):
            path = resolve(agent, scalar.value)
            if path is not None and path.startswith(f"{agent.folder}/"):
                found.setdefault(where.values[pointer][0], []).append(path)
    return found


def apply(
    found: Iterable[Finding], marks: Iterable[Suppression], policy: Validation | None, judged: Callable[[str], bool]
) -> Applied:
    """Which findings stand under these marks and this policy; without a policy (it cannot be read) all of them do.

    `judged` says whether everything has been looked at that a mark in a file could be about; elsewhere no mark is told
    to be without use.
    """
    marks = tuple(marks)
    if not marks:
        return Applied(tuple(found), ())
    covering = _Covering(marks)
    kept: list[Finding] = []
    suppressed: list[Suppressed] = []
    used: dict[int, set[str]] = {}
    for one in found:
        index = covering.mark(one)
        if index is None:
            kept.append(one)
            continue
        used.setdefault(index, set()).add(one.code)
        if policy is None or _refusal(one.code, policy):
            kept.append(one)
        else:
            suppressed.append(Suppressed(one, marks[index].reason, marks[index].where))
    meant = _Guesses()
    for index, mark in enumerate(marks):
        kept.extend(_about(mark, used.get(index, set()), policy, judged(mark.where.file), meant))
    return Applied(tuple(kept), tuple(suppressed))


class _Covering:
    """Which mark covers a finding, by file and line."""

    def __init__(self, marks: tuple[Suppression, ...]) -> None:
        self._lines: dict[tuple[str, int], list[int]] = {}
        self._files: dict[str, list[int]] = {}
        self._codes = [frozenset(mark.codes) for mark in marks]
        for index, mark in enumerate(marks):
            for line in range(mark.first, mark.last + 1) if mark.codes else ():
                self._lines.setdefault((mark.where.file, line), []).append(index)
            for file in mark.files:
                self._files.setdefault(file, []).append(index)

    def mark(self, found: Finding) -> int | None:
        """The number of the first mark that covers a finding."""
        file = found.where.file
        near = (*self._lines.get((file, found.where.line), ()), *self._files.get(file, ()))
        return next((index for index in near if found.code in self._codes[index]), None)


def _refusal(code: str, policy: Validation) -> str:
    """Why findings of a code may not be suppressed, empty where they may."""
    severity = CODES[code][0]
    if code.startswith("suppress.") or (severity is Severity.ERROR and code not in JUDGEMENT):
        return "no fleet can suppress it"
    if policy.suppress == "none":
        return f"{FLEET_FILE} allows no suppression"
    if policy.suppress == "warnings" and severity is Severity.ERROR:
        return f"{FLEET_FILE} allows warnings to be suppressed, and this is an error"
    named = next((name for name in policy.never if name in (code, code.partition(".")[0])), "")
    return f"{FLEET_FILE} lists {named} under validation.never" if named else ""


def _about(
    mark: Suppression, used: set[str], policy: Validation | None, judged: bool, meant: "_Guesses"
) -> Iterator[Finding]:
    """What is to be said about a mark itself."""
    if mark.problem is not None:
        code, message, fix = mark.problem
        yield finding(code, mark.where, message, fix)
    for code in mark.codes:
        if code not in CODES:
            yield finding("suppress.unknown-code", mark.where, f"there is no finding {code}", meant.of(code))
        elif policy is None:
            continue
        elif refusal := _refusal(code, policy):
            message = f"{code} may not be suppressed here: {refusal}"
            yield finding("suppress.forbidden", mark.where, message, "mend what it tells, and remove the mark")
        elif judged and code not in used:
            yield finding("suppress.unused", mark.where, f"there is no {code} to suppress here", "remove it")


class _Guesses:
    """What was meant by unknown codes, told for the first of them."""

    def __init__(self) -> None:
        self._left = _MOST_GUESSES

    def of(self, code: str) -> str:
        """The fix for an unknown code."""
        self._left -= 1
        return _meant(code) if self._left >= 0 else ""


def _meant(code: str) -> str:
    family = [known for known in CODES if known.startswith(f"{code}.")]
    if family:
        return f"name the codes themselves: {', '.join(family)}"
    return guess.question(code, CODES) or "`agentgov explain` knows all codes"


def check_policy(policy: Validation, places: Callable[[], Positions]) -> Iterator[Finding]:
    """Whether the fleet's own list names codes that exist."""
    families, meant = {code.partition(".")[0] for code in CODES}, _Guesses()
    for index, name in enumerate(policy.never):
        if name not in CODES and name not in families:
            where = places().value(FLEET_FILE, f"/validation/never/{index}")
            yield finding("suppress.unknown-code", where, f"there is no finding and no family {name}", meant.of(name))


def unread(found: Iterable[Finding]) -> frozenset[str]:
    """Files that could not be judged to the end: in them no mark is told to be without use."""
    families = ("yaml", "schema", "file")
    return frozenset(
        one.where.file for one in found if one.severity is Severity.ERROR and one.code.partition(".")[0] in families
    )
