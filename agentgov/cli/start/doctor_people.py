"""Doctor on people and bots: whether the key at hand counts, who administers, whose rights end, who acts for the fleet.

Says nothing of who answers for an agent: that is `doctor_owners`.
"""

from collections.abc import Iterable
from itertools import islice

from agentgov.cli.start.doctor_check import DAY, Check, Checks, Fleet
from agentgov.journal.query import acts
from agentgov.repo.signing import KEY_FILE_VARIABLE, person_signer
from agentgov.trust.access_review import AccessReview, access_review
from agentgov.trust.keys import parse_public_key
from agentgov.trust.signatures import INSTALL_OPENPGP, judges_openpgp
from agentgov.trust.signers import bot_signer, stored_bot_key

_LOOKED = 1000  # acts that are read back at most for what bots did
_UNUSED = 30 * DAY


def reviewed(fleet: Fleet) -> AccessReview:
    """Everybody, with what each may, today."""
    dead = {one.key for one in fleet.view.state.revoked().values()}
    return access_review(fleet.view.governance.access, fleet.today, revoked=dead)


def at_hand(fleet: Fleet) -> Checks:
    """Whose the key is that signs here."""
    directory = fleet.view.directory
    line = person_signer(fleet.context.repo).public_key
    who, add = directory.by_key(line), "agentgov access add-key ID FILE"
    note = "ID is you, FILE your public key (or add-person, for somebody new); have that change reviewed"
    if who is None and directory.is_revoked(parse_public_key(line)):
        yield Check("doctor.access", "bad", "the key that you sign with is revoked", add, f"a new one; {note}")
    elif who is None:
        message = "the key that you sign with is nobody's in the authorised Access"
        yield Check("doctor.access", "bad", message, add, note)
    else:
        yield Check("doctor.access", "good", f"in Access you are the {who.kind} {who.id}")


def keys(fleet: Fleet) -> Checks:
    """Whether signatures that have to be judged here can be, and whether a bot's key at hand is one."""
    if fleet.view.directory.lists_openpgp and not judges_openpgp():
        message = "Access lists an OpenPGP certificate: what it signed cannot be told on this machine"
        yield Check("doctor.openpgp", "bad", message, INSTALL_OPENPGP)
    bot = bot_signer() or stored_bot_key(fleet.view.state.head.fleet, "reconciler")
    if bot is None:
        return
    known = fleet.view.directory.by_key(bot.public_key)
    if known is None:
        message = "the bot's key at hand is nobody's in the authorised Access"
        note = "BOT is its name, FILE its public key; have that change reviewed"
        yield Check("doctor.bot-key", "bad", message, "agentgov access add-key BOT FILE", note)
    elif known.kind == "person":
        fix = f"point {KEY_FILE_VARIABLE} at a bot's private key, or unset it"
        yield Check("doctor.bot-key", "warn", f"{KEY_FILE_VARIABLE} is the key of {known.id}, who is no bot", fix)
    else:
        yield Check("doctor.bot-key", "good", f"the key of the bot {known.id} is at hand")


def people(fleet: Fleet) -> Checks:
    """Administrators, rights that end, and bots."""
    review = reviewed(fleet)
    yield from _administrators(fleet, review)
    yield from _rights(review)
    if not any(bot.kind == "reconciler" for bot in fleet.view.governance.access.bots):
        message, fix = "Access has no reconciler, so nothing is ever promoted", "agentgov access add-bot reconciler"
        yield Check("doctor.reconciler", "bad", message, f"{fix} --kind reconciler --make-key")
    yield from _dead(review)
    yield from _unused(fleet, review)


def _administrators(fleet: Fleet, review: AccessReview) -> Checks:
    """Too few people to review each other, one who could change everything alone, or nobody who may be lost."""
    threshold = review.threshold
    able = sum(one.administrator and one.able for one in review.holders)
    more, note = "agentgov access add-person ID --key FILE --administrator", "ID and FILE are theirs"
    if len(fleet.view.governance.access.people) == 1:
        message = "the fleet has one person: every change of theirs goes out unreviewed"
        yield Check("doctor.alone", "warn", message, more, note)
    elif able < threshold:
        message = f"a change of governance takes {threshold} administrators, and {able} of them could sign one"
        fix = "agentgov access add-key ID FILE"
        yield Check("doctor.threshold", "bad", message, fix, "docs/recovery.md says how, while that is so")
    elif threshold < 2 and able < 2:
        yield Check("doctor.threshold", "warn", "one administrator alone can change what is allowed", more, note)
    elif threshold < 2:
        message = f"one of the {able} administrators alone can change what is allowed"
        yield Check("doctor.threshold", "warn", message, "agentgov access set-threshold 2")
    elif able <= threshold:
        message = f"a change of governance takes all {able} administrators who have a key: none of them may be lost"
        yield Check("doctor.threshold", "warn", message, more, note)
    else:
        message = f"a change of governance takes {threshold} of {able} administrators"
        yield Check("doctor.threshold", "good", message)


def _rights(review: AccessReview) -> Checks:
    """Bindings that end within a month, or have ended and stand there still."""
    note = "then write another day into governance/access.yaml, or take the line out"
    for who, right in review.rights("ending"):
        message = f"the right of {who} as {right.role} on {', '.join(right.agents)} ends on {right.until}"
        yield Check("doctor.right-ends", "warn", message, "agentgov access report", note)
    for who, right in review.rights("ended"):
        message = f"the right of {who} as {right.role} on {', '.join(right.agents)} ended on {right.until}"
        yield Check("doctor.right-ended", "warn", message, "agentgov access report", note)


def _dead(review: AccessReview) -> Checks:
    for who, fingerprint in review.dead_keys:
        message = f"{fingerprint} of {who} is revoked, and Access lists it still"
        yield Check("doctor.dead-key", "warn", message, f"agentgov access remove-key {who} {fingerprint}")
    for who in review.without_keys:
        kind = "bot" if any(one.id == who and one.kind == "bot" for one in review.holders) else "person"
        message = f"no key of the {kind} {who} could sign anything"
        yield Check("doctor.no-key", "warn", message, f"agentgov access add-key {who} FILE", "FILE is a public key")


def _unused(fleet: Fleet, review: AccessReview) -> Checks:
    """Bots that did nothing in a month: a key that lies about for nothing. Not told of a journal younger than that."""
    bots = [one.id for one in review.holders if one.kind == "bot" and one.able]
    seen, whole = _recent(fleet)
    for bot in bots if whole else ():
        if f"bot:{bot}" not in seen:
            message = f"the bot {bot} has signed no act in 30 days"
            note = "where nobody needs it any more"
            yield Check("doctor.bot-unused", "warn", message, f"agentgov access remove-bot {bot}", note)


def _recent(fleet: Fleet) -> tuple[frozenset[str], bool]:
    """Who acted within a month, and whether so much of the journal was read."""
    since, seen = fleet.now - _UNUSED, set[str]()
    found: Iterable[tuple[str, int]] = (
        (one.act.actor, one.head.time) for one in islice(acts(fleet.view.repo, fleet.view.tip), _LOOKED)
    )
    for actor, time in found:
        if time < since:
            return frozenset(seen), True
        seen.add(actor)
    return frozenset(seen), False
