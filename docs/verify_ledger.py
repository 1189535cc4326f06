"""Check an exported ledger, or one proof out of it, with nothing but Python and `cryptography`: no code of agentgov.

    python verify_ledger.py KEY FOLDER [ANCHOR...]     everything that `agentgov ledger export` wrote
    python verify_ledger.py KEY FILE.tlog-proof LEAF   that the leaf in the file LEAF is in the ledger

KEY: the ledger's verifier key, or a file with every key that it had. ANCHOR: a checkpoint that you took from the
journal yourself. Exit code 0: all holds. 1: something does not, or is missing; the first leaf that is wrong is named.
Rules: RFC 6962 and 9162, section 2.1 of both; c2sp.org/signed-note, tlog-checkpoint, tlog-tiles, tlog-proof.
"""

import base64
import json
import sys
from hashlib import sha256
from itertools import zip_longest
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


def read_bundle(path: Path, width: int) -> list[bytes]:
    """The leaves of a bundle, each behind its length in two bytes."""
    content, leaves, at = path.read_bytes(), list[bytes](), 0
    while at < len(content):
        length = int.from_bytes(content[at : at + 2], "big")
        leaves.append(content[at + 2 : at + 2 + length])
        at += 2 + length
    if at != len(content) or len(leaves) != width:
        raise ValueError(f"{path} does not hold {width} leaves")
    return leaves


def root_at(size: int, levels: list[list[bytes]]) -> bytes:
    """The root of the first leaves: what fills no tile of its level hangs to the right of the level above."""
    rest: list[bytes] = []
    for level, hashes in enumerate(levels):
        rest = [mth(row)] if (row := hashes[size >> 8 * (level + 1) << 8 : size >> 8 * level] + rest) else []
    return mth(rest)


def check_folder(folder: Path, signed: list[tuple[int, bytes]]) -> tuple[str, list[tuple[int, str]]]:
    """(what was looked at, [(leaf, what is wrong)]): every leaf, payload and tile, and the root of every checkpoint."""
    size, hashes, wrong = signed[0][0], list[bytes](), list[tuple[int, str]]()
    payloads, pruned, absent, gap, told = dict[int, str](), 0, 0, 0, 0
    lines = path.read_text("utf-8").split("\n") if (path := folder / "payloads.jsonl").exists() else []  # or without
    for said in map(json.loads, filter(None, lines)):
        payloads[said["seq"]] = sha256(bytes.fromhex(said["salt"]) + b64(said["payload"])).hexdigest()
    for first in range(0, size, 256):
        width = min(256, size - first)
        bundle, tile = (folder / tile_path(level, first >> 8, width) for level in ("entries", "0"))
        leaves = read_bundle(bundle, width) if bundle.exists() else []  # pruned: their hashes are what is left
        kept = tile.read_bytes()
        hashes += [sha256(b"\0" + leaf).digest() for leaf in leaves] or [kept[32 * at :][:32] for at in range(width)]
        pruned, gap = pruned + width - len(leaves), gap if leaves else first + width
        for seq, leaf in enumerate(leaves, first):
            said = json.loads(leaf) if hashes[seq] == kept[32 * (seq - first) :][:32] else {"seq": seq}  # said below
            if said.get("seq") != seq:
                wrong.append((seq, f"the leaf says that its number is {said.get('seq')}"))
            told = max(told, int(said["refs"].get("leaves", 0)) if said.get("type") == "ledger.prune" else 0)
            absent += "payload" in said and seq not in payloads
            if payloads.pop(seq, None) not in (None, said.get("payload")):
                wrong.append((seq, "the payload is not the one that the leaf commits to"))
    levels = [hashes]
    while len(row := levels[-1]) >= 256:
        levels.append([mth(row[at : at + 256]) for at in range(0, len(row) - 255, 256)])
    for level, row in enumerate(levels):
        for at in range(0, len(row), 256):
            kept = (path := folder / tile_path(str(level), at >> 8, len(row[at : at + 256]))).read_bytes()
            found = [kept[start : start + 32] for start in range(0, len(kept), 32)]
            pairs = enumerate(zip_longest(row[at : at + 256], found), at + 1)
            wrong += [((n << 8 * level) - 1, f"its hash in {path} is another") for n, (a, b) in pairs if a != b]
    for end, root in signed:
        if end > size or root_at(end, levels) != root:
            wrong.append((min(end, size), f"the tree of {end} leaves that was signed is not the one that ends here"))
    wrong += [(told, "leaves are missing from here on, and no record says that they were pruned")] if gap > told else []
    wrong += [(seq, "there is a payload and no leaf that commits to it") for seq in payloads]
    return f"{size} leaves ({pruned} pruned), {len(signed) - 1} anchors, {absent} payloads not here", sorted(wrong)


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
        notes = [target / "checkpoint", *sorted(target.glob("anchors/[!.]*")), *rest]
        said, wrong = check_folder(target, [open_checkpoint(note.read_bytes(), keys) for note in notes])
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
