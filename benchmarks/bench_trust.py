"""What trust costs: signatures of main, changed paths, a journal judged from its first act, an advance.

python benchmarks/bench_trust.py [--commits N] [--agents N] [--acts N] [--fleet N] [--per-workspace N] [--rounds N]

CPU seconds are those of this process and of the git that it asks; `git log --show-signature` reads the same commits in
the same run, in turns. The bars are for a quiet machine: 60 times git, 5,000 signatures and 2,500 commits with changed
paths a CPU second, 10,000 acts in 8 CPU seconds, an advance in 50 ms.
"""

import argparse
import gc
import os
import resource
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from trust_worlds import FLEET, FleetSimulator, SignedHistory, long_journal, merge_in_a_large_fleet, signed_history

from agentgov.journal.advancing import propose_advance
from agentgov.journal.authorise import decide_advance, observe_change
from agentgov.journal.branch import Journal
from agentgov.journal.replay import verify_journal
from agentgov.journal.view import View
from agentgov.model.governed import ROOTS
from agentgov.repo.changes import HistoryDiff
from agentgov.repo.repository import Repository
from agentgov.trust.pins import load_pins
from agentgov.trust.sshsig import GIT, verify


def cpu(who: int = resource.RUSAGE_SELF) -> float:
    """CPU seconds of this process, or of its children that have ended."""
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """(wall, CPU) seconds of something, with those of the children that nobody holds any more afterwards."""
    gc.collect()
    children, used, start = cpu(resource.RUSAGE_CHILDREN), cpu(), time.perf_counter()
    work()
    wall, used = time.perf_counter() - start, cpu() - used
    gc.collect()
    return wall, used + cpu(resource.RUSAGE_CHILDREN) - children


def by_git(history: SignedHistory, commits: Sequence[str]) -> None:
    """What git itself does about these commits."""
    command = ["git", "-c", f"gpg.ssh.allowedSignersFile={history.allowed_signers}", "log", "--show-signature"]
    span = [f"--max-count={len(commits)}", commits[-1]]
    done = subprocess.run([*command, *span], cwd=history.folder, capture_output=True, check=True)
    assert done.stdout.count(b'Good "git" signature') == len(commits)


def by_us(history: SignedHistory, commits: Sequence[str], *, paths: bool) -> None:
    """Strict reading, the signature, and with `paths` which paths each commit changes."""
    repo = Repository.open(history.folder)
    diff = HistoryDiff(repo, ROOTS)
    for start in range(0, len(commits), 256):
        some = commits[start : start + 256]
        repo.read_ahead("commit", some)
        if paths:
            diff.read_ahead(some)
        for oid in some:
            commit = repo.commit(oid, lenient=False)
            assert commit.signature is not None
            verify(commit.signature, commit.payload, GIT)
            assert not paths or diff.touches(oid)


def raw_signatures(history: SignedHistory, count: int) -> float:
    """Ed25519 verifications in a CPU second that the library does with nothing around them."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.generate()
    public, signature = key.public_key(), key.sign(b"x" * 120)
    used = cpu()
    for _ in range(count):
        public.verify(signature, b"x" * 120)
    return count / (cpu() - used)


def commits(options: argparse.Namespace, folder: Path) -> None:
    """Signed commits of main, in turns with git."""
    folder.mkdir()
    history = signed_history(folder, options.commits, options.agents)
    total, rounds = len(history.commits), options.rounds
    spans = [history.commits[total * n // rounds : total * (n + 1) // rounds] for n in range(rounds)]
    by_us(history, history.commits[:2], paths=True)  # loads the libraries
    found: dict[str, list[tuple[float, float]]] = {"git": [], "signatures": [], "paths": []}
    for span in spans:
        found["git"].append(timed(partial(by_git, history, span)))
        found["signatures"].append(timed(partial(by_us, history, span, paths=False)))
        found["paths"].append(timed(partial(by_us, history, span, paths=True)))
    speeds = {name: [total / sum(column) for column in zip(*rows, strict=True)] for name, rows in found.items()}
    print(f"{total} signed commits over {options.agents} agents, CPU with that of git")
    print(f"  {'':<40} {'a second':>10} {'a CPU second':>13} {'x git':>6}")
    words = {"git": "git log --show-signature", "signatures": "strict, signature", "paths": "and changed paths"}
    for name, word in words.items():
        wall, used = speeds[name]
        print(f"  {word:<40} {wall:>10.0f} {used:>13.0f} {used / speeds['git'][1]:>6.1f}")
    print(f"  {'Ed25519 alone, by OpenSSL':<40} {'':>10} {raw_signatures(history, 2000):>13.0f}")


def journal(options: argparse.Namespace, folder: Path) -> None:
    """A journal from its first act, then again with what this machine remembers."""
    world = long_journal(folder, options.acts)
    tip = world.view().tip

    def cold() -> None:
        found = verify_journal(Repository.open(world.work), tip, load_pins(FLEET), world.clock())
        assert found.offence is None
        assert found.acts == options.acts

    wall, used = timed(cold)
    again = [timed(lambda: present(world)) for _ in range(5)]
    print(f"{options.acts} acts of the journal, two signatures each")
    print(f"  cold {wall:.2f} s, {used:.2f} CPU s ({options.acts / used:.0f} acts a CPU second)", end="; ")
    print(f"again {statistics.median(one for one, _ in again) * 1000:.0f} ms")


def present(world: FleetSimulator) -> View:
    """The journal as it stands, read by somebody who verified it before and has it open for the first time."""
    return Journal(Repository.open(world.work)).view(world.clock())


def verified(view: View, main: str, now: int) -> None:
    """What a verifier does about an advance."""
    assert decide_advance(view, observe_change(view, main, whole=False), now).moves


def advance(options: argparse.Namespace, folder: Path) -> None:
    """An advance over a merge of three agents, with nothing read before but the present of the journal."""
    world, merge = merge_in_a_large_fleet(folder, options.fleet, options.per_workspace)
    works: dict[str, Callable[[View, str, int], object]] = {"proposed": propose_advance, "verified": verified}
    found = {"start": [timed(lambda: present(world)) for _ in range(5)]}
    for name, work in works.items():
        found[name] = [timed(partial(work, present(world), merge, world.clock())) for _ in range(5)]
    print(f"a merge touching 3 of {options.fleet} agents, {options.per_workspace} in a workspace", end=" ")
    print("(median ms, CPU without that of git)")
    for name, rows in found.items():
        wall, used = (statistics.median(column) * 1000 for column in zip(*rows, strict=True))
        print(f"  {name:<10} {wall:>7.1f} wall {used:>7.1f} CPU")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    sizes = {"commits": 2000, "agents": 5000, "acts": 2000, "fleet": 10_000, "per-workspace": 100, "rounds": 4}
    for name, size in sizes.items():
        parser.add_argument(f"--{name}", type=int, default=size)
    parser.add_argument("--only", choices=("commits", "journal", "advance"))
    options = parser.parse_args()
    for part in (commits, journal, advance):
        if options.only in (None, part.__name__):
            with tempfile.TemporaryDirectory() as name:
                for home in ("CONFIG", "STATE"):
                    os.environ[f"AGENTGOV_{home}_HOME"] = str(Path(name) / home.lower())
                part(options, Path(name) / "world")


if __name__ == "__main__":
    main()
