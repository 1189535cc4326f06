"""CODEOWNERS: 10,000 paths against 500 rules, beside the PyPI package `codeowners` in the same run.

python benchmarks/bench_codeowners.py [runs]

Each mix is asked in both dialects with the same files. CPU milliseconds, medians of alternating runs; building an index
is measured by itself, and every run starts from a new one, so nothing is remembered from the run before. The peer does
not know GitLab's dialect; in GitHub's it is asked for a part of the paths, and its figure is for all of them.
"""

import random
import statistics
import sys
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

from agentgov.owners.codeowners import Dialect, match, parse

PATHS = 10_000
RULES = 500
PEER_PATHS = 200

Mix = tuple[str, list[str]]


def words(rng: random.Random, count: int) -> list[str]:
    """Names of folders and files, some of them alike."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    return ["".join(rng.choices(letters, k=rng.randint(3, 9))) for _ in range(count)]


def monorepo(rng: random.Random) -> Mix:
    """Folders, names and suffixes, as most files are."""
    folders = words(rng, 60)
    rules = ["*", *(f"*.{suffix}" for suffix in ("md", "py", "ts", "go", "yaml"))]
    rules += [f"/{rng.choice(folders)}/{rng.choice(folders)}/" for _ in range(RULES - 60)]
    rules += [f"{name}/" for name in words(rng, RULES - len(rules))]
    return "\n".join(f"{rule} @o{n}" for n, rule in enumerate(rules)), some_paths(rng, folders)


def wildcards(rng: random.Random) -> Mix:
    """Wildcards in most rules: inside of names, in the middle of paths, at the end."""
    folders = words(rng, 60)
    forms = ("/{a}/**/{b}*.py", "**/{a}*/{b}/", "/{a}/*/{b}*", "{a}*", "*{a}*.md", "/{a}/{b}-*/**/t_*.py", "{a}?/*.go")
    rules = [rng.choice(forms).format(a=rng.choice(folders), b=rng.choice(folders)[:3]) for _ in range(RULES)]
    return "\n".join(f"{rule} @o{n}" for n, rule in enumerate(rules)), some_paths(rng, folders)


def worst(rng: random.Random) -> Mix:
    """Wildcards that start anywhere and have nothing in common, and files that each have a folder and a name alone."""
    bits = words(rng, 200)
    forms = ("*{a}*{b}*", "**/*{a}*/**/*{b}?*", "?*{a}?*", "*{a}*/*{b}*", "*{a}*{b}*.???")
    rules = [rng.choice(forms).format(a=rng.choice(bits)[:2], b=rng.choice(bits)[:3]) for _ in range(RULES)]
    names = words(rng, PATHS)
    paths = [f"{names[n % 50]}/{name}{n}/{name}_{names[-n]}.py" for n, name in enumerate(names)]
    return "\n".join(f"{rule} @o{n}" for n, rule in enumerate(rules)), paths


def sections(rng: random.Random) -> Mix:
    """The monorepo in forty sections of GitLab's dialect (in GitHub's their headings are lines that are skipped)."""
    text, paths = monorepo(rng)
    lines = text.split("\n")
    cut = [f"[Section {n // 12}][{n % 3}] @lead" for n in range(0, RULES, 12)]
    return "\n".join(line for n, head in enumerate(cut) for line in (head, *lines[n * 12 : n * 12 + 12])), paths


def fleet(rng: random.Random) -> Mix:
    """A folder for each agent, and a line for every twentieth."""
    agents = [f"agents/team-{n % 50}/{name}-{n}" for n, name in enumerate(words(rng, PATHS // 2))]
    rules = ["*", *(f"/{agent}/" for agent in agents[:: len(agents) // (RULES - 1)])][:RULES]
    paths = [path for agent in agents for path in (f"{agent}/agent.yaml", f"{agent}/prompts/system.md")]
    return "\n".join(f"{rule} @o{n}" for n, rule in enumerate(rules)), paths


def some_paths(rng: random.Random, folders: list[str]) -> list[str]:
    """Files in two thousand folders, two to five deep."""
    places = ["/".join(rng.choices(folders, k=rng.randint(2, 5))) for _ in range(2_000)]
    names = words(rng, 2_000)
    suffixes = ("py", "md", "ts", "go", "yaml", "txt")
    return [f"{rng.choice(places)}/{rng.choice(names)}.{rng.choice(suffixes)}" for _ in range(PATHS)]


MIXES: dict[str, Callable[[random.Random], Mix]] = {
    "folders and suffixes": monorepo,
    "wildcards": wildcards,
    "worst case": worst,
    "a fleet": fleet,
    "forty sections": sections,
}


def timed(work: Callable[[], object]) -> float:
    """CPU milliseconds of one call."""
    started = time.process_time()
    work()
    return (time.process_time() - started) * 1000


def ours(text: str, paths: list[str], dialect: Dialect, seen: dict[str, list[float]]) -> None:
    """One run: read the file, then ask for every path."""
    parse.cache_clear()
    seen["build"].append(timed(lambda: parse(text, "CODEOWNERS", dialect)))
    codeowners = parse(text, "CODEOWNERS", dialect)
    seen["ask"].append(timed(lambda: [match(codeowners, path) for path in paths]))


def theirs(peer: Any, text: str, paths: list[str], seen: dict[str, list[float]]) -> None:
    """One run of the peer, with a part of the paths."""
    built: list[Any] = []
    seen["peer build"].append(timed(lambda: built.append(peer(text))))
    part = paths[:: len(paths) // PEER_PATHS]
    seen["peer"].append(timed(lambda: [built[0].of(path) for path in part]) * len(paths) / len(part))


def peer_class() -> Any:
    """The peer, None with a reason where it is not installed."""
    try:
        return import_module("codeowners").CodeOwners
    except ImportError:
        print("the peer is left out: `pip install codeowners` puts it beside\n")
        return None


def main() -> None:
    """Print a table of medians."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    peer = peer_class()
    print(f"{PATHS:,} paths, {RULES} rules, CPU milliseconds, medians of {runs} alternating runs")
    print(f"{'mix':<22} {'dialect':<8} {'build':>7} {'ask':>7} {'peer build':>11} {'peer':>9} {'ratio':>7}")
    for name, make in MIXES.items():
        text, paths = make(random.Random(17))
        both: dict[Dialect, dict[str, list[float]]] = {
            "github": {"build": [], "ask": [], "peer": [], "peer build": []},
            "gitlab": {"build": [], "ask": [], "peer": [], "peer build": []},
        }
        for _ in range(runs):
            for dialect, seen in both.items():
                ours(text, paths, dialect, seen)
            if peer is not None and name != "forty sections":
                theirs(peer, text, paths, both["github"])
        for dialect, seen in both.items():
            median = {key: statistics.median(values) if values else 0.0 for key, values in seen.items()}
            line = f"{name:<22} {dialect:<8} {median['build']:>7.1f} {median['ask']:>7.1f}"
            if median["peer"]:
                line += f" {median['peer build']:>11.1f} {median['peer']:>9.0f} {median['peer'] / median['ask']:>6.0f}x"
            print(line)


if __name__ == "__main__":
    main()
