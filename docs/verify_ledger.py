"""Check an exported ledger, or one proof out of it, with nothing but Python and `cryptography`: no code of agentgov.

    python verify_ledger.py KEY FOLDER [ANCHOR...] [--no-payloads]    everything that `agentgov ledger export` wrote
    python verify_ledger.py KEY FILE.tlog-proof LEAF                  that the leaf in the file LEAF is in the ledger

KEY: the ledger's verifier key, or a file with every key that it had. ANCHOR: a checkpoint that you took from the
journal yourself; --no-payloads: there were to be none. Exit code 0: all holds. 1: a leaf that is named does not.
Rules: RFC 6962 and 9162, section 2.1 of both; c2sp.org/signed-note, tlog-checkpoint, tlog-tiles, tlog-proof.
"""

import base64
import json
import sys
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


def mth(hashes: list[bytes]) -> bytes:
    """The root over these hashes (RFC 6962 section 2.1)."""
    if len(hashes) < 2:
        return hashes[0] if hashes else sha256(b"").digest()
    k = 1 << (len(hashes) - 1).bit_length() - 1
    return sha256(b"\1" + mth(hashes[:k]) + mth(hashes[k:])).digest()


def b64(text: str) -> bytes:
    if base64.b64encode(raw := base64.b64decode(text, validate=True)).decode() != text:
        raise ValueError("base64 is not written canonically")
    return raw


def open_checkpoint(note: bytes, keys: dict[tuple[str, bytes], bytes]) -> tuple[int, bytes]:
    """(size, root) of a checkpoint that a key of its log signed; signatures by others (witnesses) are passed over."""
    text, _, signatures = note.decode().rpartition("\n\n")
    origin, size, root = (*text.split("\n"), "", "")[:3]
    lines = [line.split(" ") for line in signatures.removesuffix("\n").split("\n")]
    mine = [(name, b64(raw)) for dash, name, raw in lines if (dash, name) == ("\N{EM DASH}", origin)]
    known = [(keys[name, raw[:4]], raw[4:]) for name, raw in mine if (name, raw[:4]) in keys]
    for key, signature in known:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, f"{text}\n".encode())
    if not known or signatures[-1:] != "\n" or str(int(size)) != size or len(b64(root)) != 32:
        raise ValueError("a checkpoint is not signed by a key of this ledger")
    return int(size), b64(root)


def tile_path(level: str, index: int, width: int) -> str:
    """tile/<L>/<N>[.p/<W>], N in groups of three digits, all but the last behind an x."""
    number = f"{index % 1000:03}"
    while index := index // 1000:
        number = f"x{index % 1000:03}/{number}"
    return f"tile/{level}/{number}" + (f".p/{width}" if width < 256 else "")


def root_at(size: int, levels: list[list[bytes]]) -> bytes:
    """The root of the first leaves: what fills no tile of its level hangs to the right of the level above."""
    rest: list[bytes] = []
    for level, hashes in enumerate(levels):
        rest = [mth(row)] if (row := hashes[size >> 8 * (level + 1) << 8 : size >> 8 * level] + rest) else []
    return mth(rest)


def check_folder(folder: Path, signed: list[tuple[int, bytes]]) -> tuple[str, list[tuple[int, str]]]:
    """(what was looked at, [(leaf, what is wrong)]): every leaf, payload and tile, and the root of every checkpoint."""
    size, pruned, gap, told, counts, hashes, places = signed[0][0], 0, 0, 0, dict[str, int](), list[bytes](), set[int]()
    absent, times, wrong = dict[int, tuple[str, int]](), dict[tuple[str, int], int](), list[tuple[int, str]]()
    files = [*folder.glob("payloads/[!.]*"), *folder.glob("payloads.jsonl")]  # the latter by versions before
    rows = [json.loads(line) for file in files for line in file.read_text("utf-8").split("\n") if line]
    payloads = {one["seq"]: sha256(bytes.fromhex(one["salt"]) + b64(one["payload"])).hexdigest() for one in rows}
    wrong += [(0, "from here on a payload is there twice")] if len(rows) > len(payloads) else []
    for first, width in ((at, min(256, size - at)) for at in range(0, size, 256)):
        bundle, tile = (folder / tile_path(level, first >> 8, width) for level in ("entries", "0"))
        raw, kept, leaves, end = bundle.read_bytes() if bundle.exists() else b"", tile.read_bytes(), list[bytes](), 0
        while end < len(raw):  # each leaf behind its length in two bytes; of what was pruned the hashes are left
            at, end = end + 2, end + 2 + int.from_bytes(raw[end : end + 2], "big")
            leaves.append(raw[at:end])
        if raw and (end != len(raw) or len(leaves) != width):
            raise ValueError(f"{bundle} does not hold {width} leaves")
        hashes += [sha256(b"\0" + leaf).digest() for leaf in leaves] or [kept[32 * at :][:32] for at in range(width)]
        pruned, gap = pruned + width - len(leaves), gap if leaves else first + width
        for seq, leaf in enumerate(leaves, first):
            said = json.loads(leaf if hashes[seq] == kept[32 * (seq - first) :][:32] else b'{"seq": %d}' % seq)
            wrong += [(seq, f"the leaf says that its number is {said.get('seq')}")] if said.get("seq") != seq else []
            kind, refs, agent = said.get("type"), said.get("refs", {}), said.get("agent", "")
            if kind == "ledger.prune":  # of leaves before a place, or of so many payloads of an agent between two times
                key, told = (agent, int(refs.get("since", 0))), max(told, int(refs.get("leaves", 0)))
                times[key] = max(times.get(key, 0), int(refs.get("until", 0)))
                counts[agent] = counts.get(agent, 0) + int(refs.get("count", 0))
            for a, _, b in (part.partition("-") for part in refs.get("records", "").split(",") if kind == "redacted"):
                places |= set(range(int(a or size), min(int(b or a or 0), size) + 1))
            absent |= {seq: (agent, said["time"])} if "payload" in said and seq not in payloads else {}
            if payloads.pop(seq, None) not in (None, said.get("payload")):
                wrong.append((seq, "the payload is not the one that the leaf commits to"))
    levels = [hashes]
    while len(row := levels[-1]) >= 256:
        levels.append([mth(row[at : at + 256]) for at in range(0, len(row) - 255, 256)])
    for level, row in enumerate(levels):
        for at in range(0, len(row), 256):
            part, path = row[at : at + 256], folder / tile_path(str(level), at >> 8, len(row[at : at + 256]))
            if (kept := path.read_bytes()) != b"".join(part):
                n = next(n for n, one in enumerate([*part, b""], at + 1) if kept[32 * (n - at - 1) :][:32] != one)
                wrong.append(((n << 8 * level) - 1, f"its hash in {path} is another"))
    bad = [end for end, root in signed if end > size or root_at(end, levels) != root]
    wrong += [(min(n, size), f"the tree of {n} leaves that was signed is not the one that ends here") for n in bad]
    wrong += [(told, "leaves are missing from here on, and no record says that they were pruned")] if gap > told else []
    wrong += [(seq, "there is a payload and no leaf that commits to it") for seq in payloads]
    for seq, (agent, time) in ((seq, one) for seq, one in absent.items() if seq not in places):
        aged = counts.get(agent, 0) > 0 and any(agent == a and b <= time < end for (a, b), end in times.items())
        counts[agent] = counts.get(agent, 0) - aged
        wrong += [] if aged else [(seq, "its payload is missing, and no record says that it was disposed of")]
    return f"{size} leaves ({pruned} pruned), {len(signed) - 1} anchors, {len(absent)} payloads not here", sorted(wrong)


def check_proof(size: int, root: bytes, head: list[str], leaf: bytes) -> str:
    """What a proof proves (RFC 9162 section 2.1.3.2), by the signed tree and the lines before it."""
    version, index, *path = [line for line in head if not line.startswith("extra ")]
    at, last, found = int(index.removeprefix("index ")), size - 1, sha256(b"\0" + leaf).digest()
    inside = 0 <= at <= last and version == "c2sp.org/tlog-proof@v1"
    for step in map(b64, path):
        right = at & 1 or at == last
        found = sha256(b"\1" + (step + found if right else found + step)).digest()
        while right and at and not at & 1:
            at, last = at >> 1, last >> 1
        at, last = at >> 1, last >> 1
    if not inside or last or found != root:
        raise ValueError("the proof does not lead from this leaf to the signed root")
    return f"the leaf has {index} among the {size} that were signed"


def main(key: str, target: Path, *rest: Path) -> int:
    lines = (Path(key).read_text() if Path(key).is_file() else key).split()  # the id of a key is computed, not believed
    parts = [(f"{name}\n", b64(point)) for name, _, point in (line.split("+", 2) for line in lines)]
    keys = {(name[:-1], sha256(name.encode() + point).digest()[:4]): point[1:] for name, point in parts}
    if target.is_dir():
        notes = [target / "checkpoint", *sorted(target.glob("anchors/[!.]*")), *{*rest} - {Path("--no-payloads")}]
        said, wrong = check_folder(target, [open_checkpoint(note.read_bytes(), keys) for note in notes])
        wrong = [one for one in wrong if Path("--no-payloads") not in rest or "payload is missing" not in one[1]]
    else:
        head, _, note = target.read_text("utf-8").partition("\n\n")
        said, wrong = check_proof(*open_checkpoint(note.encode(), keys), head.split("\n"), rest[0].read_bytes()), []
    print(*(f"leaf {seq}: {what}" for seq, what in wrong[:20]), f"{'WRONG' if wrong else 'OK'}: {said}", sep="\n")
    return int(bool(wrong))


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1], *map(Path, sys.argv[2:])) if sys.argv[2:] else __doc__)
    except Exception as error:
        sys.exit(f"WRONG: {str(error) or type(error).__name__}")
