"""The text of an act of governance: what a person or a bot signs, and what `git log` shows.

    vouch for support/refund-assistant v1.4.0 in production        subject: one line
                                                                   reason: free text of other people, may be absent
    Tested with the payments team on Tuesday.

    Agentgov-Act: promote/1                                        trailers: fixed order, closed names, no duplicates
    Agentgov-Id: 01JD...                                           an act lands once
    Agentgov-Fleet: 6f0c...                                        and in one fleet only
    Agentgov-Governance: <digest>                                  of the authorised governance its author saw
    Agentgov-Actor: person:carol
    Agentgov-Agent: support/refund-assistant
    ...

A text is an act only if rendering what was read gives the same bytes again, so there is one spelling for each act.
Nothing here judges an act; `journal` does.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

PREFIX = "Agentgov-"
_ACT = re.compile(r"([a-z]+(?:-[a-z]+)*)/([1-9][0-9]?)\Z")
_ID = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}\Z")
_ACTOR = re.compile(r"(person|bot):([a-z0-9][a-z0-9._-]{0,63})\Z")  # ids as access.yaml has them
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
MAX_TEXT = 4 * 2**20 - 2**16  # bytes; an act over ten thousand paths fits, and a commit of 4 MiB holds it
# Never in an act: control characters, separators that some readers take for line breaks, and what turns the direction
# of writing, so that `git log` shows what was signed. A list of our own: what is printable changes with every Unicode.
_UNFIT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")

Presence = Literal["one", "maybe", "many"]


class ActError(ValueError):
    """The text is not an act; the message is one plain sentence."""


@dataclass(frozen=True, slots=True)
class Act:
    """One act. `fields` are the trailers after the common ones, in the order of its kind's grammar."""

    kind: str
    id: str
    fleet: str
    governance: str
    actor: str  # person:<id> or bot:<id>
    subject: str
    fields: tuple[tuple[str, str], ...] = ()
    time: int | None = None  # journal time in epoch seconds; only bots carry it
    reason: str = ""
    version: int = 1

    def get(self, name: str) -> str:
        """The value of a trailer, "" where it is absent."""
        return next((value for key, value in self.fields if key == name), "")

    def all(self, name: str) -> tuple[str, ...]:
        """All values of a repeatable trailer."""
        return tuple(value for key, value in self.fields if key == name)

    @property
    def is_personal(self) -> bool:
        """Whether a person acts, not a bot."""
        return self.actor.startswith("person:")

    @property
    def actor_id(self) -> str:
        """The id of the acting person or bot in Access."""
        return self.actor.partition(":")[2]


# What an imported review carries besides: who reviewed by the forge's account, where, and who opened and pushed. Only a
# bot's review has them, so a person's text is the same with and without imports.
IMPORTED = ("Reviewer", "Forge", "Account", "Review-Id", "Commit", "Opener", "Pusher")

# Which trailers an act has, in this order. `Release` is `<name> <tag object> <commit> <closure>`; `Leaves` is the tag
# object that the act replaces, or `none`; `Path` is `<old> <new> <JSON string>` with contents as `<mode>:<sha256>` or
# `-` for absent; `Counts` is `<metric> canary <bad>/<units> stable <bad>/<units>`. `Key` is a fingerprint,
# `SHA256:...`; `Since` and `Override` are ids of acts; `Stretch` is `<first> <last>`, commits of the journal;
# `Set-Time` and `Follow-Up` are epoch seconds; `Account`, `Opener` and `Pusher` are the forge's numbers, not its names.
GRAMMAR: Mapping[str, tuple[tuple[str, Presence], ...]] = MappingProxyType(
    {
        # `Previous` is the last commit of the journal that this one replaces.
        "init": (("Main", "one"), ("Authorised", "one"), ("Previous", "maybe")),
        "advance": (("Main", "one"), ("Authorised", "one")),
        "review": (
            ("Verdict", "one"),
            ("Path", "many"),
            ("Closure", "many"),
            ("Requirements", "one"),
            *((name, "many" if name == "Pusher" else "maybe") for name in IMPORTED),
        ),
        "release-seen": (("Agent", "one"), ("Release", "one"), ("Authorised-At", "one"), ("Formerly", "maybe")),
        "stage": (("Agent", "one"), ("Release", "one"), ("Leaves", "one")),
        "pass": (("Agent", "one"), ("Release", "one")),
        "canary": (("Agent", "one"), ("Release", "one"), ("Share", "one"), ("Leaves", "one")),
        "share": (("Agent", "one"), ("Release", "one"), ("Share", "one"), ("Counts", "many")),
        "graduate": (
            ("Agent", "one"),
            ("Release", "one"),
            ("Leaves", "one"),
            ("Judged", "one"),
            ("Counts", "many"),
        ),
        "settle": (("Agent", "one"), ("Release", "one")),
        "fail": (("Agent", "one"), ("Release", "one"), ("Metric", "one"), ("Counts", "many")),
        "stall": (("Agent", "one"), ("Release", "one"), ("Counts", "many")),
        "abort": (("Agent", "one"), ("Release", "one"), ("Rule", "maybe")),
        "withdraw": (("Agent", "one"), ("Release", "one")),
        "rollback": (("Agent", "one"), ("Release", "one"), ("Leaves", "one")),
        "retire": (("Agent", "one"), ("Leaves", "one")),
        # `Metric` is `<name> <decimal>`, by name; `Digest` the SHA-256 of the file that the numbers were read from.
        "evidence": (
            ("Agent", "one"),
            ("Release", "one"),
            ("Kind", "one"),
            ("Suite", "maybe"),
            ("Result", "one"),
            ("Metric", "many"),
            ("Digest", "one"),
            ("Tool", "one"),
        ),
        "promote": (("Agent", "one"), ("Release", "one"), ("Stage", "one")),
        "hold": (("Agent", "one"), ("State", "one")),
        "clear": (("Agent", "one"), ("Release", "one")),
        "alarm": (("Agent", "one"), ("Release", "one"), ("Observed", "one")),
        "pause": (("Selector", "one"), ("Mode", "one"), ("Until", "maybe")),
        "resume": (("Selector", "one"),),
        # `Ledger` is `<log> <tree> <records> <root> <signature>`: how far a tree of the gate's ledger was.
        "checkpoint": (("Main", "maybe"), ("Ledger", "many")),
        # One step of an incident; which of these a step says is `incident_steps`'. `Agent` are those that it is about,
        # the same at every step; `For` is whom a bot speaks for; `Leaves` who had the role; `Alert` a fingerprint.
        "incident": (
            ("Incident", "one"),
            ("Step", "one"),
            ("For", "maybe"),
            ("Kind", "maybe"),
            ("Title", "maybe"),
            ("Severity", "maybe"),
            ("Agent", "many"),
            ("Alert", "many"),
            ("Playbook", "maybe"),
            ("Drill", "maybe"),
            ("Role", "maybe"),
            ("Who", "maybe"),
            ("Leaves", "maybe"),
            ("Level", "maybe"),
            ("To", "many"),
            ("Comms", "maybe"),
            ("Mode", "maybe"),
            ("Until", "maybe"),
        ),
        # `Objective` is `<id> met|missed <observed>`, `Started` and `Ended` epoch seconds, `Score` of 100,
        # `Report` the SHA-256 of the report in Markdown.
        "drill": (
            ("Drill", "one"),
            ("Type", "one"),
            ("Agent", "many"),
            ("Started", "one"),
            ("Ended", "one"),
            ("Score", "one"),
            ("Objective", "many"),
            ("Gaps", "one"),
            ("Incident", "maybe"),
            ("Report", "maybe"),
        ),
        "revoke": (("Key", "one"), ("Since", "maybe")),
        "waive": (("Stretch", "maybe"), ("Set-Time", "maybe")),
        "override": (
            ("Agent", "maybe"),
            ("Release", "maybe"),
            ("Path", "many"),
            ("Closure", "many"),
            ("Follow-Up", "maybe"),
        ),
        "confirm": (("Override", "one"),),
    }
)


def render(act: Act) -> bytes:
    """The one text of an act, UTF-8 with a final newline; ActError for values that have no spelling."""
    text = _spell(act)
    if parse(text) != act:
        raise ActError("the act cannot be written down so that it reads back the same")
    return text


def parse(text: bytes) -> Act:
    """The act that a text spells; ActError with one sentence where it spells none."""
    if len(text) > MAX_TEXT:
        raise ActError("the text is too long for an act")
    try:
        decoded = text.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ActError("the text is not UTF-8") from error
    if _UNFIT.search(decoded) or not decoded.endswith("\n"):
        raise ActError("the text does not end in a newline, or holds characters that an act never has")
    paragraphs = decoded[:-1].split("\n\n")
    if len(paragraphs) < 2:
        raise ActError("the text has no trailers")
    subject, reason, trailers = paragraphs[0], "\n\n".join(paragraphs[1:-1]), paragraphs[-1]
    _check_prose(subject, reason)
    act = _from_trailers(subject, reason, [_trailer(line) for line in trailers.split("\n")])
    if _spell(act) != text:
        raise ActError("the text is not spelled as this act is")
    return act


def new_id(now_ms: int, entropy: int) -> str:
    """A ULID (26 characters of Crockford base 32): 48 bits of milliseconds, 80 bits of entropy."""
    number = ((now_ms & ((1 << 48) - 1)) << 80) | (entropy & ((1 << 80) - 1))
    return "".join(_CROCKFORD[(number >> shift) & 31] for shift in range(125, -1, -5))


def made_at(act_id: str) -> int:
    """When an act was written by the clock of whoever wrote it, in epoch milliseconds: its id says so, a mere claim."""
    number = 0
    for letter in act_id[:10]:
        number = number << 5 | _CROCKFORD.index(letter)
    return number & ((1 << 48) - 1)


def clean_reason(text: str) -> str:
    """Other people's text made fit for a reason: no carriage returns, no runs of blank lines, no line that looks like
    a trailer, no characters that an act never has."""
    lines = _UNFIT.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip().split("\n")
    kept = [f" {line}" if _is_like_trailer(line) else line.rstrip() for line in lines]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip("\n")


def _spell(act: Act) -> bytes:
    lines = [f"{PREFIX}Act: {act.kind}/{act.version}", f"{PREFIX}Id: {act.id}", f"{PREFIX}Fleet: {act.fleet}"]
    lines += [f"{PREFIX}Governance: {act.governance}", f"{PREFIX}Actor: {act.actor}"]
    if act.time is not None:
        lines.append(f"{PREFIX}Time: {act.time}")
    lines += [f"{PREFIX}{name}: {value}" for name, value in act.fields]
    parts = [act.subject, act.reason, "\n".join(lines)] if act.reason else [act.subject, "\n".join(lines)]
    try:
        return ("\n\n".join(parts) + "\n").encode("utf-8", "strict")
    except UnicodeEncodeError as error:
        raise ActError("the act holds text that UTF-8 cannot write") from error


def _is_like_trailer(line: str) -> bool:
    return line[: len(PREFIX)].lower() == PREFIX.lower()  # git compares trailers without regard to case


def _check_prose(subject: str, reason: str) -> None:
    if not subject.strip() or "\n" in subject or "\t" in subject or _is_like_trailer(subject):
        raise ActError("the subject must be one line of text")
    if any(_is_like_trailer(line) for line in reason.split("\n")):
        raise ActError("a line of the reason looks like a trailer")
    if reason.startswith("\n"):
        raise ActError("the reason begins with a blank line")


def _trailer(line: str) -> tuple[str, str]:
    key, separator, value = line.partition(": ")
    name = key.removeprefix(PREFIX)
    if not separator or name == key or not value or value != value.strip() or "\t" in value:
        raise ActError("the last paragraph holds something that is not a trailer")
    return name, value


def _from_trailers(subject: str, reason: str, trailers: list[tuple[str, str]]) -> Act:
    head = dict(trailers[:5])
    if list(head) != ["Act", "Id", "Fleet", "Governance", "Actor"]:
        raise ActError("the trailers do not begin with Act, Id, Fleet, Governance, Actor in this order")
    kind = _ACT.match(head["Act"])
    if kind is None or kind[1] not in GRAMMAR or kind[2] != "1":
        raise ActError(f"there is no act {head['Act']!r} in this version")
    if _ID.match(head["Id"]) is None or _ACTOR.match(head["Actor"]) is None:
        raise ActError("the id or the actor is malformed")
    rest, time = trailers[5:], None
    if rest and rest[0][0] == "Time":
        time = _time(rest[0][1])
        rest = rest[1:]
    _check_order(kind[1], rest)
    if kind[1] == "review" and head["Actor"].startswith("person:") and any(name in IMPORTED for name, _ in rest):
        raise ActError("a person's own review carries nothing of an imported one")
    return Act(
        kind=kind[1],
        id=head["Id"],
        fleet=head["Fleet"],
        governance=head["Governance"],
        actor=head["Actor"],
        subject=subject,
        fields=tuple(rest),
        time=time,
        reason=reason,
    )


def _time(text: str) -> int:
    if not re.match(r"[1-9][0-9]{0,11}\Z", text):
        raise ActError("the time is not a count of seconds")
    return int(text)


def _check_order(kind: str, fields: list[tuple[str, str]]) -> None:
    at = 0
    for name, presence in GRAMMAR[kind]:
        first = at
        while at < len(fields) and fields[at][0] == name and (presence == "many" or at == first):
            at += 1
        if presence == "one" and at == first:
            raise ActError(f"an act {kind} needs the trailer {PREFIX}{name}")
    if at < len(fields):
        raise ActError(f"an act {kind} has no trailer {PREFIX}{fields[at][0]} here")
