"""A pack as a text: headings, sentences, lists and tables, which Markdown and HTML render alike.

What does not hold stands on top. Every list ends with what it does not show, every pack with what it does not prove.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from agentgov.audit.evidence import KINDS
from agentgov.audit.facts import verified
from agentgov.audit.frameworks import Control
from agentgov.audit.pack import LEFT_OUT, Checks, Item, Pack, Population, Statement
from agentgov.report.moments import stamp


class Code(NamedTuple):
    """A text that is copied: a commit, a command."""

    text: str


class Link(NamedTuple):
    """A text that leads into the pack: `#...` in the same page, or a file beside it."""

    text: str
    to: str


Inline = str | Code | Link
Line = tuple[Inline, ...]


class Heading(NamedTuple):
    """A heading; `anchor` is what links lead to."""

    level: int
    text: str
    anchor: str = ""


class Sentence(NamedTuple):
    """A paragraph; a loud one must not be overlooked."""

    line: Line
    loud: bool = False


class Bullets(NamedTuple):
    """A list."""

    lines: tuple[Line, ...]


class Table(NamedTuple):
    """A table."""

    head: tuple[str, ...]
    rows: tuple[tuple[Line, ...], ...]


Block = Heading | Sentence | Bullets | Table

_SIGNED = (
    "git cat-file commit COMMIT | sed '1,/^$/d' | "
    "ssh-keygen -Y verify -f allowed_signers -I WHO -n agentgov-act -s act.sig"
)
_NOT_PROVEN = (
    "That something happened which nobody recorded: an agent that holds its own credentials can act without asking.",
    "That what a record says is true. It proves who said or signed what, and that it was not changed since.",
    "Records behind the last anchor, against somebody who has both the gate's machine and its key.",
    "That the right person held a key. A signature is by the key that Access lists for a person.",
    "That a control is designed well or works in your organisation. That is the judgement of whoever reads this.",
)

_ONE_TREE = (
    "Of the ledger there is the tree {} alone: nothing is said of what agents of other workspaces did, nor of what "
    "concerns several of them or the fleet. "
)
_NO_TREE = "This is about the workspace {} alone, and there is nothing of the ledger. "
_ALL_ACTS = "Acts of the journal are those of the whole fleet."
_ACTS_OF_ONE = (
    "Of the journal there are the acts about this workspace, and those about several or the whole fleet: {others:,} of "
    "the {acts:,} acts of the period are about other workspaces alone, and left out."
)
_NOT_PROVEN_OF_ONE = (
    "To who has this pack alone: that nothing about the workspace is missing in it. Each act and record that is shown "
    "can be checked by itself. That an act was left out rightly tells the journal, of which every clone has all "
    "acts: left-out.jsonl names each by its number and commit."
)


def blocks(pack: Pack) -> Iterator[Block]:
    """The whole text."""
    yield Heading(1, f"Evidence for {pack.framework.name}")
    if not pack.holds:
        text = (
            "This evidence does not hold: journal or ledger failed verification. What is wrong was left out, see below."
        )
        yield Sentence((text,), loud=True)
    if pack.until > pack.made:
        yield Sentence(
            (f"The period was not over when this was made: nothing after {stamp(pack.made)} is in it.",), loud=True
        )
    beyond = _beyond(pack.checks)
    if beyond:
        yield Sentence((beyond,), loud=True)
    if pack.framework.voluntary:
        yield Sentence((pack.framework.voluntary,), loud=True)
    yield Sentence((pack.framework.about,))
    yield Table(("", ""), tuple(((name,), value) for name, value in _facts(pack).items()))
    yield from _checks(pack)
    yield from _controls(pack)
    yield Heading(2, "What is not covered", "not-covered")
    yield Bullets(tuple((line,) for line in (*((beyond,) if beyond else ()), *pack.framework.not_covered)))
    yield Heading(2, "Citations", "citations")
    yield Sentence((f"They were compared with what is public on {pack.framework.looked_up}, by these sources:",))
    yield Bullets(tuple((line,) for line in pack.framework.citations))
    yield Heading(2, "What this evidence does not prove", "not-proven")
    of_one = (_NOT_PROVEN_OF_ONE,) if pack.checks.workspace else ()
    yield Bullets(tuple((line,) for line in (*_NOT_PROVEN, *of_one)))
    yield Heading(2, "Evidence", "evidence")
    for statement in pack.statements:
        if statement.kind != "verification":
            yield from _statement(statement)
    for population in pack.populations:
        yield from _population(pack, population)
    yield from _how(pack)


def _beyond(checks: Checks) -> str:
    """What a pack of one tree does not have; "" for one of the whole fleet."""
    if not checks.tree:
        return ""
    tree = (_ONE_TREE if checks.ledger else _NO_TREE).format(checks.tree)
    if not checks.workspace:
        return tree + _ALL_ACTS
    return tree + _ACTS_OF_ONE.format(others=checks.left_out, acts=checks.acts)


def _facts(pack: Pack) -> Mapping[str, Line]:
    left_out: dict[str, Line] = {}
    if pack.checks.workspace and pack.checks.journal.tip:
        text = f": number, kind and commit of {pack.checks.left_out:,} acts about other workspaces alone"
        left_out = {"Left out": (Link(LEFT_OUT, LEFT_OUT), text)}
    return {
        "Framework": (f"{pack.framework.name} ({pack.framework.source})",),
        "Fleet": (Code(pack.fleet),),
        "Period": (Code(stamp(pack.since)), " to ", Code(stamp(pack.until)), ", the end not included"),
        "Made": (Code(stamp(pack.made)), f" by agentgov {pack.version}"),
        "Sample": (f"at most {pack.sample:,} of each kind are shown; the files have all. Seed: ", Code(pack.seed)),
        **left_out,
        "For programs": (Link("pack.json", "pack.json"),),
    }


def _checks(pack: Pack) -> Iterator[Block]:
    yield Heading(2, "Verification", "verification")
    yield Bullets(tuple((fact.text, " Check: ", Code(fact.proof)) for fact in verified(pack.checks)))
    if pack.checks.journal.tip:
        yield Sentence(("The journal was read up to commit ", Code(pack.checks.journal.tip), "."))


def _controls(pack: Pack) -> Iterator[Block]:
    yield Heading(2, "Controls", "controls")
    yield Sentence(("What each asks is told in our words; the text that counts is that of the framework.",))
    told = {one.kind: f" ({one.count:,})" for one in pack.populations}
    told |= {one.kind: "" for one in pack.statements} | {"verification": ""}
    rows = tuple(_control(control, told) for control in pack.framework.controls)
    yield Table(("Control", "Asks", "Evidence", "Cannot be shown by agentgov"), rows)


def _control(control: Control, told: Mapping[str, str]) -> tuple[Line, ...]:
    """A control with the kinds of evidence that speak to it, of which the pack has those in `told`."""
    speaks: list[Inline] = []
    for name in control.evidence:
        title = KINDS[name].title
        here = (Link(title, f"#{name}"), told[name]) if name in told else (f"{title} (not looked at)",)
        speaks += [*(("; ",) if speaks else ()), *here]
    return (control.id,), (control.asks,), tuple(speaks), (control.missing,)


def _statement(statement: Statement) -> Iterator[Block]:
    kind = KINDS[statement.kind]
    yield Heading(3, kind.title, kind.id)
    yield Sentence((kind.shows,))
    proofs = {fact.proof for fact in statement.facts}
    if len(proofs) == 1:
        yield Sentence(("As of ", Code(proofs.pop()), "."))
    yield Bullets(tuple((fact.text,) for fact in statement.facts))
    if statement.left_out:
        yield Sentence((f"Left out: {statement.left_out:,} about other workspaces alone.",))
    yield Sentence((f"Does not show: {kind.not_shown}",))


def _population(pack: Pack, population: Population) -> Iterator[Block]:
    kind = KINDS[population.kind]
    yield Heading(3, kind.title, kind.id)
    yield Sentence((kind.shows,))
    types = ", ".join(f"{name} {count:,}" for name, count in population.types.items())
    shown = f"; {len(population.items):,} of them drawn below" if population.sampled else ""
    others = f"; {population.left_out:,} more about other workspaces alone are left out" if population.left_out else ""
    told = f"{population.count:,} in the period{f' ({types})' if types else ''}{shown}{others}. All of them: "
    yield Sentence((told, Link(population.file, population.file), "."))
    if population.items:
        yield Table(("Place", "Time", "Who", "What", "Proof"), tuple(_row(one) for one in population.items))
    yield Sentence((f"Does not show: {kind.not_shown}",))


def _row(item: Item) -> tuple[Line, ...]:
    time = datetime.fromtimestamp(item.time // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    about = f" about {item.agent}" if item.agent else ""
    what: list[Inline] = [f"{item.type}{about}: {item.summary}" if item.summary else f"{item.type}{about}"]
    what += [f" \N{EM DASH} {line}" for line in item.details]
    return (Code(item.place),), (Code(time),), (Code(item.actor),), tuple(what), tuple(_proof(item))


def _proof(item: Item) -> Iterator[Inline]:
    if item.commit:
        yield "commit "
        yield Code(item.commit)
        if item.tag:
            yield ", tag "
            yield Code(item.tag)
        if item.signed_by:
            yield ", signed by "
            yield Code(" ".join(item.signed_by))
        return
    yield Link(item.proof, item.proof)
    yield ", leaf "
    yield Code(item.hash)
    yield ", anchored" if item.anchored else ", not anchored yet"


def _how(pack: Pack) -> Iterator[Block]:
    yield Heading(2, "Checking it without trusting this report", "checking")
    tip = pack.checks.journal.tip or "the tip of the journal"
    yield Bullets(
        (
            (
                "A clone of the fleet has all acts: ",
                Code("git log agentgov/journal"),
                f", of which {tip} is the last one used here.",
            ),
            (
                "The signature of whoever acted, by the keys in ",
                Link("allowed_signers", "allowed_signers"),
                ": ",
                Code("git show COMMIT:act.sig > act.sig"),
                ", then ",
                Code(_SIGNED),
                "; act.sig has a block for each signature, and WHO is the person or bot without the word before it.",
            ),
            (
                "The signature of whoever appended it, who may be another: ",
                Code("git -c gpg.format=ssh -c gpg.ssh.allowedSignersFile=allowed_signers verify-commit COMMIT"),
            ),
            ("Every rule again, from the first act: ", Code("agentgov journal verify")),
            (
                "A record, with Python and nothing of agentgov, by docs/verify_ledger.py: ",
                Code("python verify_ledger.py keys PROOF LEAF"),
                "; the leaf lies beside its proof.",
            ),
            (
                "A sample, drawn again: the lines with the lowest SHA-256 of seed, a zero byte and place: ",
                Code(r"printf '%s\0%s' SEED PLACE | sha256sum"),
            ),
        )
    )
