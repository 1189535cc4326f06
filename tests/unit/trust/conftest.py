"""The real ssh-keygen, which the tests of trust measure themselves against, and keys made by it."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from patience import PATIENCE

Sign = Callable[..., bytes]


def _keygen(*arguments: str | Path, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        ["ssh-keygen", *map(str, arguments)], input=stdin, capture_output=True, check=False, timeout=PATIENCE
    )


@pytest.fixture(scope="session")
def keygen() -> Callable[..., subprocess.CompletedProcess[bytes]]:
    """Runs the real ssh-keygen."""
    return _keygen


_MADE: dict[str, tuple[str, tuple[str, ...]]] = {
    **dict.fromkeys(("alice", "alice-2", "bob"), ("ed25519", ())),
    "rsa": ("rsa", ("-b", "2048")),
    "rsa-3072": ("rsa", ("-b", "3072")),
    "rsa-4096": ("rsa", ("-b", "4096")),
    "small-rsa": ("rsa", ("-b", "1024")),
    "short-rsa": ("rsa", ("-b", "2047")),
    "ecdsa": ("ecdsa", ()),
    "ecdsa-384": ("ecdsa", ("-b", "384")),
    "ecdsa-521": ("ecdsa", ("-b", "521")),
}


class _Keys(dict[str, Path]):
    """Makes a key when it is first asked for: a long one takes seconds."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __missing__(self, name: str) -> Path:
        kind, more = _MADE[name]
        path = self._folder / name
        done = _keygen("-q", "-t", kind, *more, "-N", "", "-C", f"{name}@laptop", "-f", path)
        assert done.returncode == 0, done.stderr
        self[name] = path
        return path


class _Lines(dict[str, str]):
    """The public lines of keys."""

    def __init__(self, keys: dict[str, Path]) -> None:
        self._keys = keys

    def __missing__(self, name: str) -> str:
        line = self[name] = self._keys[name].with_name(f"{name}.pub").read_text().strip()
        return line


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Private key files by name: three ed25519, the other kinds, and some that are too weak."""
    return _Keys(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="session")
def public(keys: dict[str, Path]) -> dict[str, str]:
    """The public lines of the keys, as ssh-keygen wrote them, without the newline."""
    return _Lines(keys)


@pytest.fixture(scope="session")
def ssh_sign(keys: dict[str, Path]) -> Sign:
    """`ssh_sign(name, namespace, payload, *options)`: what ssh-keygen -Y sign makes."""

    def sign(name: str, namespace: str, payload: bytes, *options: str) -> bytes:
        done = _keygen("-Y", "sign", "-q", "-f", keys[name], "-n", namespace, *options, stdin=payload)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return sign


@pytest.fixture
def homes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's config and state of their own, and no pins in the environment."""
    monkeypatch.setenv("AGENTGOV_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("AGENTGOV_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("AGENTGOV_PINS", raising=False)
    return tmp_path
