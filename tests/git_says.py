"""What stock git says to an attack, measured: each experiment makes real objects, asks git, and answers in a few words.

git gets every help that it has: a file of allowed signers with the keys of alice and bob, and nothing of ours.
"""

import re
import subprocess
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path

import gitworld
from ecdsa_twin import with_twin

PROMPT = "agents/payments/refunds/prompts/system.md"
_END = b"-----END SSH SIGNATURE-----"
_BEGIN = b"-----BEGIN SSH SIGNATURE-----"


class Witness:
    """A repository, two people whom git is told to trust, and a stranger."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.repo = gitworld.make_repository(folder / "repo")
        self.keys = {who: gitworld.make_key(folder / "keys", who) for who in ("alice", "bob", "mallory")}
        self.signers = gitworld.allowed_signers(folder, {who: self.keys[who] for who in ("alice", "bob")})
        settings = {"gpg.format": "ssh", "gpg.ssh.allowedSignersFile": str(self.signers)}
        for key, value in settings.items():
            self.git("config", key, value)
        self.root = self.commit({PROMPT: "Be kind.\n"})

    def git(self, *args: str, data: bytes = b"", env: Mapping[str, str] | None = None) -> bytes:
        """A question that git must answer."""
        return gitworld.git(self.repo, *args, data=data, env=env)

    def asks(self, *args: str) -> int:
        """Its exit code alone."""
        env = gitworld.environment()
        return subprocess.run(["git", *args], cwd=self.repo, env=env, capture_output=True, check=False).returncode

    def commit(
        self, files: Mapping[str, str], key: str = "alice", name: str = "alice", when: int = gitworld.START
    ) -> str:
        """A signed commit on main; `key` "" leaves it unsigned."""
        env = gitworld.environment(when, name, f"{name}@sim.example")
        gitworld.write_files(self.repo, files)
        self.git("add", "-A", env=env)
        sign = ["-c", f"user.signingkey={self.keys[key]}", "commit", "-S"] if key else ["commit"]
        self.git(*sign, "-q", "--allow-empty", "-m", "change", env=env)
        return self.git("rev-parse", "HEAD").decode()

    def tag(self, target: str, name: str = "v1.0.0") -> str:
        """A signed tag; its object."""
        self.git("-c", f"user.signingkey={self.keys['alice']}", "tag", "-s", "-m", "release", name, target)
        return self.git("rev-parse", name).decode()

    def edited(self, oid: str, edit: Callable[[bytes], bytes], kind: str = "commit") -> str:
        """An object once more, changed."""
        return gitworld.raw_object(self.repo, kind, edit(self.git("cat-file", kind, oid) + b"\n"))

    def resigned(self, oid: str, edit: Callable[[bytes], bytes], namespace: str = "git", key: str = "alice") -> str:
        """A commit changed before it is signed again."""
        head, _, message = (self.git("cat-file", "commit", oid) + b"\n").partition(b"\n\n")
        payload = edit(re.sub(rb"\ngpgsig .*?" + _END, b"", head, flags=re.DOTALL) + b"\n\n" + message)
        return gitworld.raw_object(self.repo, "commit", self.sealed(payload, namespace, key))

    def sealed(self, payload: bytes, namespace: str = "git", key: str = "alice") -> bytes:
        """A payload with a signature as its last header."""
        command = ["ssh-keygen", "-q", "-Y", "sign", "-n", namespace, "-f", str(self.keys[key])]
        armour = subprocess.run(command, input=payload, capture_output=True, check=True).stdout
        head, _, message = payload.partition(b"\n\n")
        return head + b"\ngpgsig " + armour.rstrip(b"\n").replace(b"\n", b"\n ") + b"\n\n" + message

    def of_commit(self, oid: str) -> str:
        """`git verify-commit`."""
        return "verify-commit accepts" if self.asks("verify-commit", oid) == 0 else "verify-commit rejects"

    def of_tag(self, oid: str) -> str:
        """`git verify-tag`."""
        return "verify-tag accepts" if self.asks("verify-tag", oid) == 0 else "verify-tag rejects"

    def letter(self, oid: str) -> str:
        """The letter that `git log` shows for a signature."""
        return self.git("log", "-1", "--format=%G?", oid).decode()


def _header(name: bytes, line: bytes) -> Callable[[bytes], bytes]:
    """A line before the first header of a name."""
    return lambda raw: raw.replace(b"\n" + name + b" ", b"\n" + line + b"\n" + name + b" ", 1)


def _signature(raw: bytes) -> bytes:
    found = re.search(rb"gpgsig " + _BEGIN + rb".*?" + _END + rb"\n", raw, re.DOTALL)
    assert found is not None
    return found[0]


def _unsigned(one: Witness) -> str:
    return one.of_commit(one.commit({PROMPT: "x\n"}, key=""))


def _stranger(one: Witness) -> str:
    oid = one.commit({PROMPT: "x\n"}, key="mallory")
    return f"{one.of_commit(oid)}, log says {one.letter(oid)}"


def _edited(one: Witness) -> str:
    return one.of_commit(one.edited(one.root, lambda raw: raw.replace(b"\nchange", b"\nother", 1)))


def _expired(one: Witness) -> str:
    line = f'alice valid-before="20200101" {gitworld.public_key(one.keys["alice"])}\n'
    one.signers.write_text(line)
    today, dated_back = one.commit({PROMPT: "x\n"}), one.commit({PROMPT: "y\n"}, when=1_500_000_000)
    assert one.of_commit(today) == "verify-commit rejects"
    return f"{one.of_commit(dated_back)} when dated back"


def _past_of_a_revoked_key(one: Witness) -> str:
    (one.folder / "revoked").write_text(gitworld.public_key(one.keys["alice"]))
    one.git("config", "gpg.ssh.revocationFile", str(one.folder / "revoked"))
    return f"{one.of_commit(one.root)} all of its past"


def _other_name(one: Witness) -> str:
    return one.of_commit(one.commit({PROMPT: "x\n"}, key="bob", name="alice"))


def _namespace(one: Witness) -> str:
    return one.of_commit(one.resigned(one.root, lambda raw: raw, namespace="file"))


def _weak(one: Witness) -> str:
    weak = one.folder / "keys" / "weak"
    subprocess.run(["ssh-keygen", "-q", "-t", "rsa", "-b", "1024", "-N", "", "-f", weak], check=True)
    one.keys["weak"] = weak
    gitworld.allowed_signers(one.folder, {"alice": weak})
    return f"{one.of_commit(one.commit({PROMPT: 'x'}, key='weak'))} RSA of 1024 bits"


def _twin(one: Witness) -> str:
    one.keys["alice"] = gitworld.make_key(one.folder / "keys", "ecdsa", "ecdsa")
    gitworld.allowed_signers(one.folder, {"alice": one.keys["alice"]})
    oid = one.commit({PROMPT: "x\n"})
    return one.of_commit(one.edited(oid, with_twin))


def _two_headers(one: Witness) -> str:
    return one.of_commit(one.edited(one.root, lambda raw: raw.replace(_signature(raw), _signature(raw) * 2, 1)))


def _text_after(one: Witness) -> str:
    commit = one.edited(one.root, lambda raw: raw.replace(_END + b"\n", _END + b"\n approved by carol\n", 1))
    tag = one.edited(one.tag(one.root), lambda raw: raw + b"approved by carol\n", "tag")
    return f"{one.of_commit(commit)}, {one.of_tag(tag)}"


def _two_blocks(one: Witness) -> str:
    def doubled(raw: bytes) -> bytes:
        block = _signature(raw).removeprefix(b"gpgsig ")
        return raw.replace(block, block + b" " + block, 1)

    return one.of_commit(one.edited(one.root, doubled))


def _extra_header(one: Witness) -> str:
    after = one.resigned(one.root, _header(b"committer", b"x-approved carol"))
    return one.of_commit(after)


def _doubled_header(one: Witness) -> str:
    other = one.git("mktree").decode()
    oid = one.resigned(one.root, lambda raw: f"tree {other}\n".encode() + raw)
    shown = one.git("rev-parse", f"{oid}^{{tree}}").decode()
    return f"{one.of_commit(oid)}, reads the {'first' if shown == other else 'second'} tree"


def _nul(one: Witness) -> str:
    oid = one.resigned(one.root, lambda raw: raw + b"\0hidden\n")
    hidden = b"hidden" not in one.git("log", "-1", "--format=%B", oid)
    return f"{one.of_commit(oid)}, log {'hides' if hidden else 'shows'} the rest"


def _spelling(one: Witness) -> str:
    def respelled(raw: bytes) -> bytes:
        return raw.replace(_BEGIN + b"\n ", _BEGIN + b"\n \n ", 1)

    return f"{one.of_commit(one.edited(one.root, respelled))} a blank line in the armour"


def _swapped_file(one: Witness) -> str:
    good = one.git("hash-object", "-w", "--stdin", data=b"good\n").decode()
    file = one.repo / ".git/objects" / good[:2] / good[2:]
    file.chmod(0o644)
    file.write_bytes(zlib.compress(b"blob 5\0evil\n"))
    return f"cat-file says {one.git('cat-file', 'blob', good).decode()!r}"


def _sha256(one: Witness) -> str:
    folder = one.folder / "sha256"
    folder.mkdir()
    gitworld.git(folder, "init", "-q", "--object-format=sha256")
    gitworld.git(folder, "commit", "-q", "--allow-empty", "-m", "x")
    return "works" if len(gitworld.git(folder, "rev-parse", "HEAD")) == 64 else "fails"


def _replaced(one: Witness) -> str:
    blob = one.git("rev-parse", f"HEAD:{PROMPT}").decode()
    other = one.git("hash-object", "-w", "--stdin", data=b"Obey me.\n").decode()
    one.git("replace", blob, other)
    return f"shows the replacement: {one.git('show', f'HEAD:{PROMPT}').decode()!r}"


def _grafted(one: Witness) -> str:
    hidden = one.commit({PROMPT: "x\n"}, key="")
    tip = one.commit({PROMPT: "y\n"})
    (one.repo / ".git/info/grafts").write_text(f"{tip} {one.root}\n")
    return "hides commits" if hidden.encode() not in one.git("rev-list", "HEAD") else "shows them"


def _shallow(one: Witness) -> str:
    one.commit({PROMPT: "x\n"})
    gitworld.git(one.folder, "clone", "-q", "--depth=1", f"file://{one.repo}", "shallow")
    seen = gitworld.git(one.folder / "shallow", "log", "--format=%H")
    return "log stops silently" if len(seen.split()) == 1 else "log says more"


def _configured(one: Witness) -> str:
    script = one.folder / "evil"
    script.write_text(f"#!/bin/sh\ntouch {one.folder / 'ran'}\n")
    script.chmod(0o755)
    one.git("config", "core.fsmonitor", str(script))
    one.git("status")
    return "status runs the program" if (one.folder / "ran").exists() else "nothing runs"


def _forced(one: Witness) -> str:
    remote = gitworld.make_repository(one.folder / "remote.git", bare=True)
    one.git("push", "-q", str(remote), "main")
    one.git("checkout", "-q", "--orphan", "other")
    one.commit({PROMPT: "x\n"})
    return "push --force lands" if one.asks("push", "--force", str(remote), "other:main") == 0 else "refuses"


def _evil_merge(one: Witness) -> str:
    one.git("checkout", "-q", "-b", "side")
    one.commit({"a": "a"})
    one.git("checkout", "-q", "main")
    one.commit({"b": "b"})
    env = gitworld.environment()
    one.git("merge", "-q", "--no-commit", "--no-ff", "side", env=env)
    gitworld.write_files(one.repo, {PROMPT: "Obey me.\n"})
    one.git("add", "-A")
    one.git("commit", "-q", "-m", "merge")
    return "log -p does not show it" if b"Obey" not in one.git("log", "-p") else "log -p shows it"


def _dropping_merge(one: Witness) -> str:
    one.git("checkout", "-q", "-b", "side")
    one.commit({"a": "a"})
    one.git("checkout", "-q", "main")
    reviewed = one.commit({PROMPT: "Reviewed.\n"})
    one.git("merge", "-q", "--no-commit", "--no-ff", "side")
    one.git("checkout", "-q", "side", "--", ".")
    one.git("commit", "-q", "-m", "merge")
    dropped = one.git("show", f"HEAD:{PROMPT}") == b"Be kind."
    shown = one.git("log", "--format=%H", "-1", "--", PROMPT).decode()
    return "log -- PATH does not show the merge" if dropped and shown not in (reviewed, "HEAD") else "shows it"


def _quoted(one: Witness) -> str:
    one.commit({"agents/payments/ä.yaml": "x"})
    said = one.git("diff-tree", "-r", "--name-only", "HEAD").decode().splitlines()[1:]
    return f"diff-tree says {said[0]}"


def _folded(one: Witness) -> str:
    one.commit({"agents/Payments/x": "1", "agents/payments/x": "2", "agents/\u00e4": "1", "agents/a\u0308": "2"})
    return "fsck is clean" if one.asks("fsck", "--strict") == 0 else "fsck complains"


def _twice(one: Witness) -> str:
    ours, theirs = (one.git("hash-object", "-w", "--stdin", data=data).decode() for data in (b"ours", b"theirs"))
    entries = b"".join(b"100644 x\0" + bytes.fromhex(oid) for oid in (ours, theirs))
    tree = gitworld.raw_object(one.repo, "tree", entries)
    oid = gitworld.make_commit(one.repo, (), tree)
    one.git("update-ref", "refs/heads/twice", oid)
    return f"show takes {one.git('show', f'{oid}:x').decode()!r}; fsck {_clean(one)}"


def _clean(one: Witness) -> str:
    return "is clean" if one.asks("fsck", "--strict") == 0 else "complains"


def _linked(one: Witness) -> str:
    (one.repo / PROMPT).unlink()
    (one.repo / PROMPT).symlink_to("/etc/passwd")
    one.git("add", "-A")
    one.git("commit", "-q", "-m", "link")
    return f"fsck {_clean(one)}"


def _filtered(one: Witness) -> str:
    one.commit({".gitattributes": "*.md eol=crlf\n"})
    (one.repo / PROMPT).unlink()
    one.git("checkout", "-q", "--", PROMPT)
    same = (one.repo / PROMPT).read_bytes() == one.git("cat-file", "blob", f"HEAD:{PROMPT}") + b"\n"
    return "a checkout holds the same bytes" if same else "a checkout holds other bytes"


def _moved(one: Witness) -> str:
    first = one.tag(one.root)
    one.git("tag", "-d", "v1.0.0")
    second = one.tag(one.commit({PROMPT: "Obey me.\n"}))
    return one.of_tag("v1.0.0") if first != second else "cannot be moved"


def _teleported(one: Witness) -> str:
    one.git("update-ref", "refs/tags/v9.0.0", one.tag(one.root))
    return one.of_tag("v9.0.0")


def _nested(one: Witness) -> str:
    tree = one.tag(one.git("rev-parse", f"{one.root}^{{tree}}").decode(), "of-tree")
    return f"{one.of_tag(one.tag(tree, 'nested'))} tags of tags and of trees"


def _deleted_tag(one: Witness) -> str:
    one.tag(one.root)
    return "tag -d, and nobody is told" if one.asks("tag", "-d", "v1.0.0") == 0 else "refuses"


def _flipped(one: Witness) -> str:
    oid = one.git("rev-parse", f"HEAD:{PROMPT}").decode()
    file = one.repo / ".git/objects" / oid[:2] / oid[2:]
    raw = zlib.decompress(file.read_bytes())
    file.chmod(0o644)
    file.write_bytes(zlib.compress(raw.replace(b"kind", b"mean")))
    return f"show says {one.git('show', f'HEAD:{PROMPT}').decode()!r}"


EXPERIMENTS: Mapping[str, Callable[[Witness], str]] = {
    "K1": _unsigned,
    "K2": _stranger,
    "K3": _edited,
    "K4": _expired,
    "K5": _past_of_a_revoked_key,
    "K7": _other_name,
    "K8": _namespace,
    "K9": _weak,
    "K11": _twin,
    "G1": _two_headers,
    "G2": _text_after,
    "G3": _two_blocks,
    "G4": _extra_header,
    "G5": _doubled_header,
    "G6": _nul,
    "G7": _spelling,
    "G8": _swapped_file,
    "G9": _sha256,
    "H1": _replaced,
    "H2": _grafted,
    "H3": _shallow,
    "H4": _configured,
    "H6": _forced,
    "H7": _forced,
    "M1": _evil_merge,
    "M2": _dropping_merge,
    "M4": _quoted,
    "M5": _folded,
    "M6": _twice,
    "M7": _linked,
    "M8": _filtered,
    "T1": _moved,
    "T2": _teleported,
    "T3": _nested,
    "T7": _deleted_tag,
    "L1": _forced,
    "F1": _flipped,
}
