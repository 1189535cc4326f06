"""`agentgov ledger prove`: one record and its proof in a file, and checking such a file without any ledger."""

from pathlib import Path
from urllib.parse import quote

from agentgov.cli.context import open_context
from agentgov.cli.gate_client import client_of
from agentgov.cli.options import answer
from agentgov.cli.run_time.ledger_keys import anchors_by_log, keys_of
from agentgov.cli.run_time.store_visit import visiting
from agentgov.errors import AgentgovError, RefusedError, UsageError
from agentgov.journal.view import View
from agentgov.report.page import Page, Span
from agentgov.runtime.checkpoints import unverified_checkpoint
from agentgov.runtime.ledger import Receipt
from agentgov.runtime.ledger_proving import proof_of
from agentgov.runtime.tlog_proof import SUFFIX, Proof, parse_proof, verify_proof


def prove_record(repo: str, store: str | None, gate: str | None, place: Receipt, out: Path | None, output: str) -> int:
    """Write the proof of a record, with the leaf in it, and the leaf beside it for other programs."""
    view = open_context(repo).view()
    proof = _asked(view, gate, place) if gate is not None else _stored(repo, store, place)
    tree, seq = _proven(view, proof)
    if (tree, seq) != place:
        raise RefusedError(f"what came is the proof of {tree}/{seq}, and not of {place.tree}/{place.seq}")
    base = out or Path(f"{place.tree}-{place.seq}{SUFFIX}")
    base = base.with_name(base.name.removesuffix(SUFFIX))
    files = [base.with_name(f"{base.name}{SUFFIX}"), base.with_name(f"{base.name}.leaf")]
    for path, content in zip(files, (proof.encode(), proof.extra), strict=True):
        try:
            path.write_bytes(content)
        except OSError as error:
            raise UsageError(f"{path} cannot be written: {error.strerror}") from error
    page = Page().line(Span("proved ", "good"), f"{place.tree}/{place.seq} in {files[0]}; the leaf alone: {files[1]}")
    document = {"schema": "agentgov.ledger-prove/1", "tree": place.tree, "seq": place.seq}
    answer(output, page, {**document, "proof": str(files[0]), "leaf": str(files[1]), "holds": True})
    return 0


def _stored(repo: str, store: str | None, place: Receipt) -> Proof:
    with visiting(repo, store) as visit:
        return visit.read(lambda tx: proof_of(tx, place))


def _asked(view: View, gate: str, place: Receipt) -> Proof:
    return parse_proof(client_of(view, gate).fetch(f"/v1/ledger/proofs/{quote(place.tree)}/{place.seq}"))


def _proven(view: View, proof: Proof) -> tuple[str, int]:
    """The place of the record that a proof proves, by the keys of this fleet's gates and what the journal anchored.
    Raises RefusedError, NoteError or ProofError."""
    said = unverified_checkpoint(proof.checkpoint)
    beginning, _, log = said.origin.rpartition("/")[0].rpartition("/")
    tree = said.origin.rpartition("/")[2]
    if beginning != f"agentgov.dev/fleets/{view.state.head.fleet}":
        raise RefusedError(f"the proof is of {said.origin[:200]}, which is no ledger of this fleet")
    verify_proof(proof, proof.extra, keys_of(view, said.origin), said.origin)
    for one in anchors_by_log(view).get(log, ()):
        if (one.tree, one.size) == (tree, said.size) and one.root != said.root.hex():
            raise RefusedError(f"act {one.seq} of the journal anchored another tree of {one.size:,} records")
    return tree, proof.index


def check_proof(repo: str, file: Path, output: str) -> int:
    """Whether a file proves its record, by the keys of this fleet's gates; 1 where it does not."""
    view = open_context(repo).view()
    try:
        content = file.read_bytes()
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from error
    tree, seq, why, leaf = "", -1, "", b""
    try:
        proof = parse_proof(content)
        leaf = proof.extra
        tree, seq = _proven(view, proof)
    except AgentgovError as error:
        why = error.message
    page = Page().line(
        Span("holds " if not why else "does not hold ", "good" if not why else "bad"),
        why or f"{tree}/{seq} is recorded",
    )
    if not why:
        page.line(leaf.decode("utf-8", "replace"))
    document = {"schema": "agentgov.ledger-prove/1", "tree": tree, "seq": seq, "proof": str(file), "leaf": None}
    answer(output, page, {**document, "holds": not why})
    return int(bool(why))
