"""`agentgov revoke`: a key is dead from now on, at once and whatever Access says; an administrator's act.

Finds out which keys are meant and says what stood on them; the journal decides.
"""

from pathlib import Path

import click

from agentgov.cli.context import open_context
from agentgov.cli.options import answer, format_option, repo_option
from agentgov.cli.release.status import revoked_json
from agentgov.errors import RefusedError, UsageError
from agentgov.journal.draft import Actor, Draft, draft
from agentgov.journal.query import acts
from agentgov.journal.view import View
from agentgov.model.state import Revoked
from agentgov.repo import clock
from agentgov.report.page import Page, Span
from agentgov.trust.keys import parse_public_key

_MOST = 20  # paths that are listed; JSON has all


@click.command()
@click.argument("what", metavar="KEY|PERSON")
@click.option("--since", default="", metavar="ACT", help="Nothing it signed from this act on (number, id) counts.")
@click.option("--reason", "-m", required=True, help="Why; stands in the journal for ever.")
@click.option("--below-threshold", is_flag=True, help="Also where too few administrators are left with a key.")
@repo_option
@format_option()
def revoke(what: str, since: str, reason: str, below_threshold: bool, repo: str, output: str) -> int:
    """Make a key dead from now on: a fingerprint, a public key or its file, or all keys of a person or bot.

    With --since, contents that rest on it go back and are pending, and releases that hold them advance no more; what
    runs goes on. The past stays as recorded. Takes one administrator, and needs nothing on main.
    """
    context = open_context(repo)
    view = context.view(fetch=True)
    keys, first = _keys(view, what), _since(view, since)
    if not below_threshold:
        _refuse_lock_out(view, keys)
    actor = context.person(view)
    own = parse_public_key(actor.appender.signer.public_key).fingerprint
    ordered = sorted(keys, key=lambda key: (key == own, key))  # one's own key signs the others first

    def propose(present: View) -> list[Draft]:
        return [_draft(present, actor, key, first, reason) for key in ordered]

    after = context.journal.append(propose, actor.appender, clock.now)
    written = [one for one in after.state.revoked().items() if one[1].seq > after.state.head.seq - len(ordered)]
    return _tell(after, actor, dict(sorted(written, key=lambda one: one[1].seq)), output)


def _draft(view: View, actor: Actor, key: str, since: str, reason: str) -> Draft:
    fields = [("Key", key), *([("Since", since)] if since else [])]
    return draft(view, actor, "revoke", f"revoke the key {key}", fields, now=clock.now(), reason=reason)


def _keys(view: View, what: str) -> frozenset[str]:
    """The fingerprints that are meant; UsageError where none is."""
    if what.startswith(("SHA256:", "openpgp4fpr:")):
        return frozenset({what})
    text = Path(what).read_text("utf-8", "replace").strip() if Path(what).is_file() else what
    try:
        return frozenset({parse_public_key(text).fingerprint})
    except ValueError:
        found = frozenset(key.fingerprint for key in view.directory.living_keys(what))
    if not found:
        hint = "give a fingerprint (ssh-keygen -lf FILE.pub), a public key, its file, or the id of a person or bot"
        raise UsageError("that is no key, and nobody of that id has a living key in the authorised Access", hint)
    return found


def _since(view: View, since: str) -> str:
    """The id of the act that is meant, "" for none."""
    if not since:
        return ""
    for logged in acts(view.repo, view.tip):
        if since == logged.act.id or (since.isdigit() and since == str(logged.head.seq)):
            return logged.act.id
    raise UsageError(f"the journal has no act {since}", "list them with: agentgov journal log")


def _refuse_lock_out(view: View, keys: frozenset[str]) -> None:
    """Whoever takes the last keys of administrators away ends every change of governance: that is said first."""
    threshold, directory = view.governance.access.administrators.threshold, view.directory
    left = [who for who in directory.administrators if {key.fingerprint for key in directory.living_keys(who)} - keys]
    if len(left) < threshold:
        message = f"{len(left)} administrators would have a key, and the threshold is {threshold}"
        hint = "give somebody another key first: agentgov access add-key; or say that you mean it: --below-threshold"
        raise RefusedError(f"{message}: nobody could change Access any more", hint)


def _tell(view: View, actor: Actor, written: dict[str, Revoked], output: str) -> int:
    page = Page()
    for one in written.values():
        _tell_one(page, one)
    rests = any(one.paths for one in written.values())
    notes = ["somebody else reviews what is pending: agentgov check"] if rests else []
    for line in notes:
        page.line(f"  {line}")
    act_id, last = list(written.items())[-1]
    act = {"kind": "revoke", "id": act_id, "actor": actor.name, "subject": f"revoke the key {last.key}"}
    document = {
        "schema": "agentgov.revoke/1",
        "act": {**act, "seq": view.state.head.seq, "commit": view.tip},
        "revoked": [revoked_json(one) for one in written.values()],
        "notes": notes,
    }
    answer(output, page, document)
    return 0


def _tell_one(page: Page, one: Revoked) -> None:
    page.line(Span("done ", "good"), f"the key {one.key} is dead from act {one.seq} on")
    for path in sorted(one.paths)[:_MOST]:
        page.line(Span("  pending ", "warn"), f"{path} went back to what stood before act {one.paths[path]}")
    if len(one.paths) > _MOST:
        page.line(Span("  pending ", "warn"), f"and {len(one.paths) - _MOST} more paths")
    for name in one.releases:
        page.line(Span("  release ", "warn"), f"{name} advances no more; what runs goes on")
