"""Real git repositories, keys and remotes for tests, made with the git program and nothing of ours.

Every call runs git with a fixed identity and date and without the machine's configuration, so object ids repeat.
"""

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

GIT = shutil.which("git") or "git"  # looked up once: the search is not safe in the threads of a server
START = 1_700_000_000  # the claimed time of commits when a test does not say

Content = bytes | str | None


def environment(when: int = START, name: str = "Ada", email: str = "ada@example.com") -> dict[str, str]:
    """The environment for git: who, when, and no configuration from the machine."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    date = f"@{when} +0000"
    return kept | {
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": name,
        "GIT_AUTHOR_EMAIL": email,
        "GIT_AUTHOR_DATE": date,
        "GIT_COMMITTER_NAME": name,
        "GIT_COMMITTER_EMAIL": email,
        "GIT_COMMITTER_DATE": date,
    }


def git(cwd: Path, *args: str, data: bytes = b"", env: Mapping[str, str] | None = None) -> bytes:
    """Run git in a folder and return what it printed, without the last newline."""
    done = subprocess.run([GIT, *args], cwd=cwd, input=data, capture_output=True, env=env or environment(), check=False)
    if done.returncode != 0:
        raise RuntimeError(f"git {args}: {done.stderr.decode('utf-8', 'replace')}")
    return done.stdout.removesuffix(b"\n")


def make_repository(folder: Path, *, bare: bool = False, branch: str = "main") -> Path:
    """An empty repository in a new folder, which is returned."""
    folder.mkdir(parents=True, exist_ok=True)
    git(folder, "init", "-q", f"--initial-branch={branch}", *(["--bare"] if bare else []))
    config = folder / "config" if bare else folder / ".git" / "config"
    with config.open(
        "a"
    ) as file:  # nothing lives long enough to be tidied, and every push would look whether it has to
        file.write("[gc]\n\tauto = 0\n[receive]\n\tautogc = false\n[maintenance]\n\tauto = false\n")
    for sample in (folder if bare else folder / ".git").glob("hooks/*.sample"):  # which every copy would carry along
        sample.unlink()
    return folder


def copy_world(source: Path, target: Path) -> None:
    """Copy a folder of repositories to where there is none; `cp` takes a third of the time of `shutil.copytree`."""
    target.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["cp", "-a", source, target], check=True, capture_output=True)


def pack(git_dir: Path) -> None:
    """Put all objects of a repository into one file, so that copies of it are made fast."""
    git(git_dir, "repack", "-a", "-d", "-k", "-q")
    git(git_dir, "prune-packed", "-q")


def unpack(git_dir: Path) -> None:
    """Put each object of a repository into a file of its own, so that one can be damaged, or be missing."""
    for pack in list((git_dir / "objects" / "pack").glob("*.pack")):
        raw = pack.read_bytes()
        pack.with_suffix(".idx").unlink()
        pack.unlink()
        git(git_dir, "unpack-objects", "-q", data=raw)


def write_files(folder: Path, files: Mapping[str, Content]) -> None:
    """Write files into a work tree; None deletes."""
    for name, content in files.items():
        path = folder / name
        if content is None:
            path.unlink()
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)


def commit_files(
    folder: Path,
    files: Mapping[str, Content],
    message: str = "change",
    *,
    when: int = START,
    name: str = "Ada",
    email: str = "ada@example.com",
) -> str:
    """Write files into the work tree, commit everything on the current branch, return the commit id."""
    env = environment(when, name, email)
    write_files(folder, files)
    git(folder, "add", "-A", env=env)
    git(folder, "commit", "-q", "--allow-empty", "-m", message, env=env)
    return git(folder, "rev-parse", "HEAD").decode()


def make_commit(folder: Path, parents: tuple[str, ...] = (), tree: str | None = None, when: int = START) -> str:
    """A commit object without touching branches; the default tree is empty."""
    tree = tree or git(folder, "mktree").decode()
    chain = [part for parent in parents for part in ("-p", parent)]
    return git(folder, "commit-tree", tree, *chain, "-m", f"at {when}", env=environment(when)).decode()


def raw_object(folder: Path, kind: str, raw: bytes) -> str:
    """Store any bytes as an object of any kind, however malformed, and return its id."""
    return git(folder, "hash-object", "-w", "-t", kind, "--stdin", "--literally", data=raw).decode()


def make_key(
    folder: Path, name: str = "key", kind: str = "ed25519", passphrase: str = "", options: Sequence[str] = ()
) -> Path:
    """A new OpenSSH key pair; the path of the private half (the public one beside it as .pub)."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    subprocess.run(
        ["ssh-keygen", "-q", "-t", kind, *options, "-N", passphrase, "-C", f"{name}@test", "-f", path],
        check=True,
        capture_output=True,
    )
    return path


def public_key(private: Path) -> str:
    """The public half as one line without its comment."""
    return " ".join(private.with_name(private.name + ".pub").read_text().split()[:2])


def config_variables(settings: Mapping[str, str]) -> dict[str, str]:
    """Git settings as the environment variables that carry them to one process."""
    variables = {"GIT_CONFIG_COUNT": str(len(settings))}
    for number, (key, value) in enumerate(settings.items()):
        variables |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return variables


def person_variables(name: str, email: str, private: Path) -> dict[str, str]:
    """What makes a process act as a person: git's identity and signing key, for that process only."""
    settings = {"user.name": name, "user.email": email, "gpg.format": "ssh", "user.signingkey": str(private)}
    return config_variables(settings)


def allowed_signers(folder: Path, keys: Mapping[str, Path]) -> Path:
    """A file for `ssh-keygen -Y verify`, principal to private key path."""
    path = folder / "allowed_signers"
    path.write_text("".join(f"{who} {public_key(key)}\n" for who, key in keys.items()))
    return path
