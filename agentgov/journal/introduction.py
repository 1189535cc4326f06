"""Start a journal: the founder adopts a commit of main, and the pins that everybody else trusts from then on.

Works the same for a fresh fleet and for a repository with a history that nobody signed: what is adopted are the
governed contents of one commit, as they are.
"""

import secrets
from dataclasses import dataclass

from agentgov.errors import ConfigurationError, RefusedError
from agentgov.journal.adopt import governed_changes, refuse_governance
from agentgov.journal.authorise import governance_digest
from agentgov.journal.branch import Journal
from agentgov.journal.draft import Appender, sign
from agentgov.model.act import Act, new_id
from agentgov.model.fleet import Governance
from agentgov.repo.snapshot import TreeSnapshot
from agentgov.trust.identity import Directory
from agentgov.trust.pins import Pins, save_last_seen, save_pins
from agentgov.trust.signers import Signer
from agentgov.validate.load import load_governance


@dataclass(frozen=True, slots=True)
class Introduced:
    """A journal that was just started."""

    pins: Pins
    founder: str
    paths: int  # governed files adopted


def introduce(
    journal: Journal, commit: str, signer: Signer, ident: tuple[str, str], now: int, after: str = ""
) -> Introduced:
    """Adopt the governed contents of a commit of main, publish the first act and pin it on this machine. `after` is the
    tip of the journal that this one replaces, where its administrators are lost.

    ConfigurationError when the governance there cannot be read, RefusedError when the key at hand is no administrator's
    or there is a journal already.
    """
    repo = journal.repo
    authorised = repo.put_files(None, governed_changes(repo, repo.commit(commit).tree))
    snapshot = TreeSnapshot(repo, authorised, f"commit {commit[:9]}")
    governance = _governance(snapshot)
    founder = _founder(governance, signer)
    act = Act(
        kind="init",
        id=new_id(now * 1000, secrets.randbits(80)),
        fleet=governance.fleet.id,
        governance=governance_digest(snapshot),
        actor=f"person:{founder}",
        subject=f"adopt {governance.fleet.name} as it is at {commit[:9]}",
        fields=(("Main", commit), ("Authorised", authorised), *([("Previous", after)] if after else [])),
        time=now,
    )
    wrong = refuse_governance(governance, act, snapshot)
    if wrong is not None:
        raise ConfigurationError(f"{wrong.message} ({wrong.code})", "run: agentgov validate")
    root = journal.start(sign(act, signer), Appender(signer, *ident), now, after)
    pins = Pins(governance.fleet.id, commit, root, root)
    save_pins(pins)
    save_last_seen(pins.fleet_id, root)
    return Introduced(pins, founder, len(snapshot.entries()))


def _governance(snapshot: TreeSnapshot) -> Governance:
    governance, findings = load_governance(snapshot)
    if governance is None:
        first = f"{findings[0].where}: {findings[0].message}" if findings else "a governance file is missing"
        raise ConfigurationError(f"the governance at {snapshot.name} cannot be read: {first}", "run: agentgov validate")
    return governance


def _founder(governance: Governance, signer: Signer) -> str:
    directory = Directory(governance.access)
    identity = directory.by_key(signer.public_key)
    if identity is None or identity.kind != "person":
        hint = "put your public key under people in governance/access.yaml and commit that first"
        raise RefusedError("the key that you sign with is nobody's in governance/access.yaml", hint)
    if identity.id not in directory.administrators:
        raise RefusedError(f"{identity.id} is no administrator", "the first act takes an administrator's signature")
    return identity.id
