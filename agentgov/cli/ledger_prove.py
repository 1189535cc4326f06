"""`agentgov ledger prove`: one record and its proof in a file, and checking such a file without any ledger."""

from pathlib import Path
from urllib.parse import quote

from agentgov.cli.context import open_context
from agentgov.cli.gate_client import client_of
from agentgov.cli.ledger_keys import keys_of
from agentgov.cli.options import answer
from agentgov.cli.store_visit import visiting
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
        said = unverified_checkpoint(proof.checkpoint).origin
        tree, seq, leaf = said.rpartition("/")[2], proof.index, proof.extra
        if not said.startswith(f"agentgov.dev/fleets/{view.state.head.fleet}/"):
            raise RefusedError(f"the proof is of {said[:200]}, which is no ledger of this fleet")
        verify_proof(proof, proof.extra, keys_of(view, said), said)
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
