"""SHA-1 under attack: everything that some commits reach goes once through git's collision-detecting hash.

We hash every object again with plain SHA-1, and both halves of a collision pass that. git's own SHA-1 (`sha1dc`) knows
the marks that every known way to make a collision leaves in either half, and refuses it. So the objects are written to
a pack in a folder of our own, and git indexes that pack, which hashes each of them. What is not here is left out: that
it is missing, whoever needs it tells. Reviews, closures and governance are bound by SHA-256 beside.
"""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from agentgov.errors import ConfigurationError
from agentgov.repo.objects import ObjectError
from agentgov.repo.plumbing import Plumbing
from agentgov.repo.program import first_line

_COLLISION = b"SHA-1 appears to be part of a collision attack"
_PACK = ("pack-objects", "--quiet", "--revs", "--stdout", "--missing=allow-any", "--threads=1", "--window=0")
_SECONDS = 3600.0


def refuse_collisions(plumbing: Plumbing, tips: Sequence[str]) -> None:
    """Raise ObjectError (`object.collision`) where an object that these commits reach was made to collide; other
    damage that git finds on the way is `object.damaged`."""
    try:
        with tempfile.TemporaryDirectory(prefix="agentgov-rehash-") as name:
            pack = Path(name) / "all.pack"
            _write(plumbing, tips, pack)
            done = plumbing.elsewhere(Path(name), "index-pack", "--threads=1", str(pack), timeout=_SECONDS)
    except OSError as error:
        raise ConfigurationError(f"no temporary file can be written: {error.strerror}", "check TMPDIR") from error
    if _COLLISION in done.err:
        raise ObjectError("object.collision", f"an object was made to collide with another: {first_line(done.err)}")
    if done.code != 0:
        raise _damaged(first_line(done.err))


def _write(plumbing: Plumbing, tips: Sequence[str], pack: Path) -> None:
    """Write what the commits reach, as it lies here: what is compressed or a delta stays so."""
    process = plumbing.start(*_PACK)
    assert process.stdin is not None
    assert process.stdout is not None
    with process, pack.open("wb") as file:
        process.stdin.write("".join(f"{tip}\n" for tip in tips).encode())
        process.stdin.close()
        while part := process.stdout.read(1 << 20):
            file.write(part)
    if process.returncode != 0:
        raise _damaged("git cannot pack what the journal rests on")


def _damaged(why: str) -> ObjectError:
    return ObjectError("object.damaged", f"a stored object is damaged ({why}); look at: git fsck")
