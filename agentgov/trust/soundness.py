"""What makes an Access unfit to be used: anything in it that could mean two people, or that means nobody.

An Access with any problem is refused whole: a change that would bring it in has no effect. Every problem is named at
once, with its place. Whether somebody may do something is not decided here.
"""

from collections.abc import Iterable, Iterator

from agentgov.model.access import Access, Binding, Role
from agentgov.model.governed import ACCESS_FILE
from agentgov.model.verdict import Location, Reason, deny
from agentgov.trust.keys import PublicKey, parse_public_key
from agentgov.trust.material import OPENPGP
from agentgov.trust.roster import Roster, ascii_lower, last_day, roster
from agentgov.trust.verbs import ADMINISTRATOR, BUILT_IN_ROLES, VERBS, is_scope

_THRESHOLD = "/administrators/threshold"


def problems(access: Access) -> tuple[Reason, ...]:
    """Every reason to refuse an Access, each at its JSON pointer; empty for one that can be used."""
    known = roster(access)
    return tuple(
        reason
        for part in (
            _identifiers(access),
            _keys(access),
            _accounts(access),
            _administrators(access, known),
            _teams(access, known),
            _roles(access.roles),
            _bindings(access, known),
        )
        for reason in part
    )


def _identifiers(access: Access) -> Iterator[Reason]:
    holders = [(person.id, f"/people/{index}/id") for index, person in enumerate(access.people)]
    holders += [(bot.id, f"/bots/{index}/id") for index, bot in enumerate(access.bots)]
    teams = [(team.id, f"/teams/{index}/id") for index, team in enumerate(access.teams)]
    yield from _repeated("access.duplicate-id", "the id {name} stands twice among people and bots", holders)
    yield from _repeated("access.duplicate-id", "there are two teams {name}", teams)


def _keys(access: Access) -> Iterator[Reason]:
    """One public key on two people, or on a person and a bot, would let one sign as the other (attack K10).

    So would two forms of it: one private key signs for an ed25519 key and for a security key with the same point. Two
    forms are refused for one holder as well, because whoever gives up the one would keep the other; only an OpenPGP
    certificate may hold what its person lists for SSH as well (gpg-agent serves both).
    """
    holders = [(person.id, person.keys, f"/people/{index}") for index, person in enumerate(access.people)]
    holders += [(bot.id, bot.keys, f"/bots/{index}") for index, bot in enumerate(access.bots)]
    owners: dict[bytes, tuple[str, str, PublicKey]] = {}
    for holder, lines, at in holders:
        for place, line in enumerate(lines):
            pointer = f"{at}/keys/{place}"
            try:
                key = parse_public_key(line)
            except ValueError as error:
                yield _problem("access.key-unusable", f"a key of {holder} cannot be used: {error}", pointer)
                continue
            for _, material in key.parts:
                first_at, first, same = owners.setdefault(material.pair, (at, holder, key))
                if first_at != at:
                    message = f"the key {key.fingerprint} is listed for {first} and for {holder}"
                    yield _problem("access.key-shared", message, pointer)
                elif same.blob != key.blob and (same.kind == OPENPGP) == (key.kind == OPENPGP):
                    message = f"the keys {same.fingerprint} and {key.fingerprint} of {holder} are two forms of one key"
                    yield _problem("access.key-shared", message, pointer)


def _accounts(access: Access) -> Iterator[Reason]:
    """E-mails, forge accounts, OpenID subjects and CODEOWNERS handles belong to one."""
    emails, handles, logins, numbers, subjects = [], [], [], [], []
    for index, person in enumerate(access.people):
        at = f"/people/{index}"
        emails += [(ascii_lower(email), f"{at}/emails/{place}") for place, email in enumerate(person.emails)]
        for forge, account in (("github", person.github), ("gitlab", person.gitlab)):
            if account is not None:
                logins.append((f"{forge} {ascii_lower(account.login)}", f"{at}/{forge}/login"))
                numbers.append((f"{forge} {account.id}", f"{at}/{forge}/id"))
        if person.oidc is not None:
            subjects.append((f"{person.oidc.issuer} {person.oidc.subject}", f"{at}/oidc"))
    for index, team in enumerate(access.teams):
        handles += [
            (ascii_lower(handle), f"/teams/{index}/handles/{place}") for place, handle in enumerate(team.handles)
        ]
    yield from _repeated("access.duplicate-email", "the e-mail address {name} is listed twice", emails)
    yield from _repeated("access.duplicate-account", "the login {name} is listed twice", logins)
    yield from _repeated("access.duplicate-account", "the account id {name} is listed twice", numbers)
    yield from _repeated("access.duplicate-account", "the OpenID subject {name} is listed twice", subjects)
    yield from _repeated("access.duplicate-handle", "the handle {name} is listed twice among teams", handles)


def _administrators(access: Access, known: Roster) -> Iterator[Reason]:
    yield from _nobody(access.administrators.who, known, "/administrators/who", roles=())
    threshold, people = access.administrators.threshold, len(known.administrators)
    if threshold < 1:
        yield _problem(
            "access.threshold", f"the administrators' threshold is {threshold}; it must be at least 1", _THRESHOLD
        )
    elif threshold > people:
        message = f"the administrators' threshold of {threshold} is more than the {people} there are"
        yield _problem("access.threshold", message, _THRESHOLD)


def _teams(access: Access, known: Roster) -> Iterator[Reason]:
    for index, team in enumerate(access.teams):
        for place, member in enumerate(team.members):
            if member not in known.people:
                message = f"team {team.id} lists {member}, who is not among the people"
                yield _problem("access.unknown-member", message, f"/teams/{index}/members/{place}")


def _roles(roles: tuple[Role, ...]) -> Iterator[Reason]:
    listed = [(role.name, f"/roles/{index}") for index, role in enumerate(roles)]
    yield from _repeated("access.duplicate-role", "there are two roles {name}", listed)
    for index, role in enumerate(roles):
        if role.name in (*BUILT_IN_ROLES, ADMINISTRATOR):
            yield _problem("access.duplicate-role", f"{role.name} is built in and cannot be defined", f"/roles/{index}")
        for place, verb in enumerate(role.verbs):
            pointer = f"/roles/{index}/verbs/{place}"
            if verb not in VERBS:
                yield _problem("access.unknown-verb", f"role {role.name} lists {verb}, which is no verb", pointer)
            elif VERBS[verb].withheld:
                yield _problem("access.unknown-verb", f"role {role.name} lists {verb}, which no role can give", pointer)


def _bindings(access: Access, known: Roster) -> Iterator[Reason]:
    defined = {*BUILT_IN_ROLES, *(role.name for role in access.roles)}
    for index, binding in enumerate(access.bindings):
        pointer = f"/bindings/{index}"
        if binding.role not in defined:
            yield _problem("access.unknown-role", f"there is no role {binding.role}", f"{pointer}/role")
        yield from _nobody(binding.who, known, f"{pointer}/who", roles=(f"role:{ADMINISTRATOR}",))
        yield from _scope(binding, pointer)


def _scope(binding: Binding, pointer: str) -> Iterator[Reason]:
    for place, pattern in enumerate(binding.agents):
        if not is_scope(pattern):
            message = f"{pattern!r} covers no agent; write **, workspace/*, */agent or workspace/agent"
            yield _problem("access.scope", message, f"{pointer}/agents/{place}")
    end = last_day(binding)
    if end is not None and end.year == 1:
        yield _problem("access.until", f"{binding.until!r} is not a date; write it as 2027-06-30", f"{pointer}/until")


def _nobody(who: Iterable[str], known: Roster, pointer: str, roles: tuple[str, ...]) -> Iterator[Reason]:
    for place, selector in enumerate(who):
        if selector.startswith("role:") and selector not in roles:
            message = f"{selector} cannot stand here; name people and teams"
            yield _problem("access.unknown-member", message, f"{pointer}/{place}")
        elif not known.members(selector):
            yield _problem("access.unknown-member", f"{selector} means nobody in this file", f"{pointer}/{place}")


def _repeated(rule: str, message: str, listed: Iterable[tuple[str, str]]) -> Iterator[Reason]:
    """A problem at every name after its first; `message` has a place for the name."""
    seen: set[str] = set()
    for name, pointer in listed:
        if name in seen:
            yield _problem(rule, message.format(name=name), pointer)
        seen.add(name)


def _problem(rule: str, message: str, pointer: str) -> Reason:
    return deny(rule, message, subject="access", where=Location(ACCESS_FILE, pointer=pointer))
