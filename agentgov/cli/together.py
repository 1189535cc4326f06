"""Acts that take several people: one writes the text and signs it, others add their signatures, the last appends it.

The text travels as a file between them. Whoever adds a signature is shown what they sign; a file that somebody changed
on its way fails by the signatures that are in it already.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from agentgov.cli.context import Context, open_context
from agentgov.cli.options import answer
from agentgov.cli.order import Done, plain_act, tell
from agentgov.errors import ConfigurationError, RefusedError
from agentgov.journal.draft import Actor, Draft, sign
from agentgov.journal.draft_text import MOST, read_draft, write_draft
from agentgov.journal.view import View
from agentgov.model.act import Act, ActError, render
from agentgov.model.acts_table import ACTS, people_needed
from agentgov.repo import clock
from agentgov.report.page import Page, Span
from agentgov.trust.signers import Signer
from agentgov.trust.sshsig import ACT

Command = TypeVar("Command", bound=Callable[..., Any])


def draft_option(command: Command) -> Command:
    """`--draft FILE`: write the signed text for others to sign, instead of appending it."""
    return click.option(
        "--draft",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="FILE",
        help="Write the act for another administrator, who runs: agentgov cosign FILE.",
    )(command)


def write_together(
    command: str,
    output: str,
    repo: str,
    write: Callable[[View, Actor], Act],
    file: Path | None,
    *more: str,
    people: int | None = None,
) -> int:
    """Append what `write` makes of the present, or write it to a file for others to sign; returns the exit code.
    `people` is how many it takes, where the kind of act does not tell."""
    context = open_context(repo)
    view = context.view(fetch=True)
    actor = context.person(view)
    if file is not None:
        draft = sign(write(view, actor), actor.appender.signer)
        put_draft(file, draft)
        return _tell_draft(command, output, view, draft, file, people)
    written: list[tuple[View, Draft]] = []

    def propose(present: View) -> list[Draft]:
        written.append((present, sign(write(present, actor), actor.appender.signer)))
        return [written[-1][1]]

    try:
        after = context.journal.append(propose, actor.appender, clock.now)
    except RefusedError as error:
        if "(authority.threshold)" not in error.message:
            raise
        hint = "write it for another administrator: add --draft FILE, and they run: agentgov cosign FILE"
        raise RefusedError(error.message, hint) from error
    before, draft = written[-1]
    return tell(command, output, Done(draft.act, before, after), *more)


def cosign(command: str, output: str, repo: str, file: Path) -> int:
    """Add the signature of whoever sits here to the act in a file, and append it when enough have signed."""
    begun = _read(file)
    context = open_context(repo)
    view = context.view(fetch=True)
    actor = context.person(view)
    draft = Draft(begun.act, (*begun.signatures, _signed(begun.act, actor.appender.signer)))
    needed = people_needed(ACTS[begun.act.kind], view.governance.access.administrators.threshold)
    if len(draft.signatures) < needed:
        put_draft(file, draft)
        return _tell_draft(command, output, view, draft, file)
    return _append(command, output, context, actor, draft)


def show_draft(command: str, output: str, file: Path) -> int:
    """Print the act in a file; returns the exit code."""
    draft = _read(file)
    act, signatures = draft.act, draft.signatures
    page = Page().line(Span("signed ", "good"), f"{act.subject}: {len(signatures)} signatures, not verified here")
    for line in render(act).decode().splitlines():
        page.line(f"    {line}")
    notes = [f"to sign it: agentgov cosign {file}"]
    answer(
        output, page.line(f"  {notes[0]}"), {"schema": f"agentgov.{command}/1", "act": plain_act(act), "notes": notes}
    )
    return 0


def _append(command: str, output: str, context: Context, actor: Actor, draft: Draft) -> int:
    seen: list[View] = []

    def propose(present: View) -> Sequence[Draft]:
        seen.append(present)
        return [draft]

    after = context.journal.append(propose, actor.appender, clock.now)
    return tell(command, output, Done(draft.act, seen[-1], after))


def _tell_draft(command: str, output: str, view: View, draft: Draft, file: Path, people: int | None = None) -> int:
    rule = ACTS[draft.act.kind]
    needed = people or people_needed(rule, view.governance.access.administrators.threshold)
    who = "administrator" if rule.word == "administrators" else "person"
    have = len(draft.signatures)
    page = Page().line(Span("signed ", "good"), f"{draft.act.subject}: {have} of {needed} signatures")
    for line in render(draft.act).decode().splitlines():
        page.line(Span(f"    {line}", "dim"))
    todo = f"nothing is in the journal yet; the next {who} runs: agentgov cosign {file}"
    page.line(f"  {todo}")
    told = {"signatures": have, "needed": needed, "notes": [todo]}
    document = {"schema": f"agentgov.{command}/1", "act": plain_act(draft.act), **told}
    answer(output, page, document)
    return 0


def _signed(act: Act, signer: Signer) -> bytes:
    return signer.sign(ACT, render(act))


def put_draft(file: Path, draft: Draft) -> None:
    """Write a draft into a file. ConfigurationError where that cannot be written."""
    try:
        file.write_text(write_draft(draft), encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"{file} cannot be written: {error.strerror}") from error


def _read(file: Path) -> Draft:
    hint = "ask whoever began it to write it again with --draft FILE"
    try:
        return read_draft(file.read_bytes()[:MOST])
    except OSError as error:
        raise ConfigurationError(f"{file} cannot be read: {error.strerror}") from error
    except ActError as error:
        raise ConfigurationError(f"{file} holds no act to sign: {error}", hint) from error
