"""Hands that do what no command does: objects of any bytes, acts signed by the wrong people, refs that were moved.

Whatever is made here is written as git would store it; what becomes of it is asked of the product. Nothing is mocked.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace

import gitworld
from simulator import FLEET, FleetSimulator

from agentgov.journal.branch import Journal
from agentgov.journal.draft import Draft, sign, write_act
from agentgov.journal.entry import read_entry
from agentgov.journal.remembered import remembered_view, verified_tip
from agentgov.journal.replay import verify_journal
from agentgov.journal.replayed import Replayed
from agentgov.journal.tags import TagText, tag_message
from agentgov.journal.view import View, view_at
from agentgov.model.act import Act, render
from agentgov.model.names import AgentId, ReleaseName
from agentgov.model.rule_ids import rule
from agentgov.model.snapshot import FILE
from agentgov.model.state import AUTHORISED, SIGNATURES_FILE, State
from agentgov.model.transitions import Refusal
from agentgov.release.tagging import closure_at
from agentgov.repo.objects import ObjectError, parse_commit
from agentgov.repo.repository import Repository
from agentgov.trust.pins import load_pins
from agentgov.trust.signers import KeyFileSigner, generate_key
from agentgov.trust.sshsig import ACT, GIT

JOURNAL = "refs/heads/agentgov/journal"
Edit = Callable[[bytes], bytes]


def stranger(world: FleetSimulator, name: str = "mallory") -> str:
    """Somebody with a key whom Access does not know; afterwards they can sign and append like everybody."""
    path = world.folder / "keys" / name
    generate_key(path, name)
    world.signers[name] = KeyFileSigner(path)
    return name


def write(
    world: FleetSimulator,
    who: str,
    kind: str,
    fields: Iterable[tuple[str, str]],
    *,
    reason: str = "",
    **changes: object,
) -> Draft:
    """An act by somebody, signed with their own key; some of its fields changed before it is signed."""
    act = write_act(world.view(), world.actor(who), kind, f"{kind} by {who}", fields, now=world.clock(), reason=reason)
    return sign(replace(act, **changes), world.signers[who])  # type: ignore[arg-type]


def pause(world: FleetSimulator, who: str = "alice", *, reason: str = "", **changes: object) -> Draft:
    """A pause of triage, the simplest act that a person can sign."""
    return write(world, who, "pause", [("Selector", "support/triage"), ("Mode", "stop")], reason=reason, **changes)


def prepare(world: FleetSimulator, draft: Draft, by: str = "alice") -> str:
    """The commit of an act as an honest appender would write it on the tip; it is not published."""
    return world.journal.build(world.view(), [draft], world.appender(by), world.clock()).tip


def honest(world: FleetSimulator) -> str:
    """An honest commit that is not published: alice pauses triage."""
    return prepare(world, pause(world))


def payload_of(world: FleetSimulator, oid: str) -> bytes:
    """What the envelope of a commit signs."""
    return parse_commit(world.repo.read(oid, "commit"), lenient=True).payload


def store(world: FleetSimulator, kind: str, raw: bytes) -> str:
    """Any bytes as an object of any kind."""
    return gitworld.raw_object(world.work, kind, raw)


def sealed(world: FleetSimulator, payload: bytes, by: str = "alice", namespace: str = GIT) -> str:
    """A commit with this payload, signed by somebody."""
    return store(world, "commit", with_header(payload, world.signers[by].sign(namespace, payload)))


def with_header(payload: bytes, armour: bytes) -> bytes:
    """A payload with a signature as its last header."""
    head, _, message = payload.partition(b"\n\n")
    return head + b"\ngpgsig " + armour.rstrip(b"\n").replace(b"\n", b"\n ") + b"\n\n" + message


def resealed(world: FleetSimulator, oid: str, edit: Edit, by: str = "alice") -> str:
    """A commit once more, changed before it is signed again."""
    return sealed(world, edit(payload_of(world, oid)), by)


def edited(world: FleetSimulator, oid: str, edit: Edit) -> str:
    """A commit once more, changed after it was signed."""
    return store(world, "commit", edit(world.repo.read(oid, "commit")))


def with_files(world: FleetSimulator, oid: str, files: Mapping[str, bytes | None], by: str = "alice") -> str:
    """A commit once more, with other files in its tree."""
    changes = {path: (FILE, world.repo.write_blob(raw)) if raw is not None else None for path, raw in files.items()}
    return with_tree(world, oid, world.repo.put_files(world.repo.commit(oid).tree, changes), by)


def with_tree(world: FleetSimulator, oid: str, tree: str, by: str = "alice") -> str:
    """A commit once more, with another tree."""
    old = world.repo.commit(oid).tree
    return resealed(world, oid, lambda raw: raw.replace(old.encode(), tree.encode(), 1), by)


def with_text(
    world: FleetSimulator, oid: str, text: bytes, *, signatures: bytes | None = None, by: str = "alice"
) -> str:
    """A commit once more, with another act text, signed by `by` unless signatures are given, and appended by them."""
    armour = signatures if signatures is not None else world.signers[by].sign(ACT, text)
    signed = world.repo.put_files(world.repo.commit(oid).tree, {SIGNATURES_FILE: (FILE, world.repo.write_blob(armour))})
    head = payload_of(world, oid).partition(b"\n\n")[0]
    tree = world.repo.commit(oid).tree
    return sealed(world, head.replace(tree.encode(), signed.encode(), 1) + b"\n\n" + text, by)


def with_act(world: FleetSimulator, oid: str, act: Act, by: str = "alice") -> str:
    """A commit once more, with another act by the same rules of spelling."""
    return with_text(world, oid, render(act), by=by)


def act_at(world: FleetSimulator, oid: str) -> Act:
    """The act of an honest commit."""
    entry = read_entry(world.repo, oid)
    assert not isinstance(entry, Refusal), entry
    return entry.act


def authorised_at(world: FleetSimulator, oid: str) -> str:
    """The tree of authorised contents at a commit of the journal."""
    entry = world.repo.entry(world.repo.commit(oid).tree, AUTHORISED)
    assert entry is not None
    return entry.oid


def replayed(world: FleetSimulator, oid: str) -> Replayed:
    """What a cold verifier with this machine's pins says of a journal that ends here.

    One that remembers what this machine has verified, or an act halfway, says the same (C2): so every attack that asks
    here is tried cold, warm and with part of a memory.
    """
    cold = verify_journal(world.repo, oid, load_pins(FLEET), world.clock())
    for trusted in memories(world, cold):
        warm = verify_journal(trusted.repo, oid, load_pins(FLEET), world.clock(), trusted=trusted)
        assert warm.offence == cold.offence, f"from {trusted.tip} on"
        with suppress(ObjectError):  # a damaged record cannot be read, and then nothing is said
            assert told(warm) == told(cold), f"from {trusted.tip} on"
    return cold


def memories(world: FleetSimulator, cold: Replayed) -> Iterator[View]:
    """What a machine may remember of a journal: what this one has kept, and the act halfway to where it stops holding,
    each read by a process that knows nothing else."""
    pins = load_pins(FLEET)
    tip, fresh = verified_tip(FLEET, pins), Repository.open(world.work)
    if tip is not None and fresh.has(tip):
        yield remembered_view(fresh, FLEET, pins, tip)
    if cold.view is not None and not cold.passed:
        chain = [cold.view.tip]
        while parents := world.repo.commit(chain[-1]).parents:
            chain.append(parents[0])
        yield view_at(Repository.open(world.work), chain[len(chain) // 2])


def told(found: Replayed) -> tuple[object, ...]:
    """A verdict, and everything that its view says."""
    view = found.view
    if view is None:
        return (found.offence,)
    state = view.state
    said = (state.head, state.pauses(), state.reviews(), state.pending, state.revoked(), tuple(state.deployments()))
    return (found.offence, view.tip, view.authorised, *said)


def state(world: FleetSimulator, oid: str) -> State:
    """The state after the last valid act of a journal that ends here."""
    view = replayed(world, oid).view
    assert view is not None
    return view.state


def code(world: FleetSimulator, oid: str) -> str:
    """The code of the offence at exactly this commit, "accept" where there is none; the same cold and warm."""
    found = replayed(world, oid)
    cold, warm = (remembering(world, oid, cold=cold) for cold in (True, False))
    assert cold == warm, f"cold and warm say otherwise: {cold}, {warm}"
    if found.offence is None:
        return "accept"
    assert found.offence.commit == oid, f"another commit offends first: {found.offence}"
    assert rule(found.offence.code) is not None, f"{found.offence.code} is not on the page of rules"
    return found.offence.code


def remembering(world: FleetSimulator, oid: str, *, cold: bool) -> tuple[str, str]:
    """What a new process on this machine says of a journal that ends here, with what is remembered or without."""
    found = Journal(Repository.open(world.work)).verify(oid, world.clock(), cold=cold, remember=False)
    return (found.offence.code, found.offence.commit) if found.offence is not None else ("accept", oid)


def publish(world: FleetSimulator, oid: str) -> None:
    """Somebody with push rights moves the journal, whatever stood there."""
    gitworld.git(world.work, "update-ref", JOURNAL, oid)
    if world.remote.exists():
        gitworld.git(world.work, "push", "-q", "--force", str(world.remote), f"{oid}:{JOURNAL}")


def offence(world: FleetSimulator, tip: str) -> str:
    """What this machine says of a journal that ends here, with what it remembers."""
    found = world.journal.verify(tip, world.clock())
    return found.offence.code if found.offence is not None else "accept"


def three_acts(world: FleetSimulator) -> list[str]:
    """Three acts, and the commits of the journal from its root."""
    commits = [world.view().tip]
    for kind in ("pause", "resume", "pause"):
        fields = [("Selector", "support/triage"), *([("Mode", "stop")] if kind == "pause" else [])]
        commits.append(world.append(write(world, "alice", kind, fields), by="alice").tip)
    return commits


def tag_text(world: FleetSimulator, agent: AgentId, commit: str) -> TagText:
    """What an honest tag of an agent at a commit binds."""
    view = world.view()
    return TagText(
        view.state.head.fleet, closure_at(world.repo, agent, commit)[0].digest, view.state.head.seq, view.tip
    )


def tag_payload(
    world: FleetSimulator, name: ReleaseName, text: TagText, commit: str = "", *, kind: str = "commit"
) -> bytes:
    """A tag object without its signature."""
    tagger = "tagger alice <alice@sim.example> 1700000000 +0000"
    head = f"object {commit or world.head()}\ntype {kind}\ntag {name}\n{tagger}\n\n"
    return head.encode() + tag_message(name, text).encode()


def signed_tag(world: FleetSimulator, raw: bytes, who: str = "alice", namespace: str = GIT) -> bytes:
    """The same with a signature behind it."""
    return raw + world.signers[who].sign(namespace, raw)


def tag(world: FleetSimulator, name: ReleaseName, commit: str = "", who: str = "alice") -> bytes:
    """An honest tag of a commit, the tip of main if none is given."""
    commit = commit or world.head()
    return signed_tag(world, tag_payload(world, name, tag_text(world, name.agent, commit), commit), who)
