"""Trees that take over the entries of others, differences that are remembered, many commits read in one go."""

import itertools
import random
from pathlib import Path

import gitworld
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentgov.journal.parts import Overlay as Parts
from agentgov.model.snapshot import EXECUTABLE, FILE, SUBMODULE, SYMLINK, TREE, path_bytes
from agentgov.repo import trees as tree_module
from agentgov.repo.changes import Changes, HistoryDiff, _file, _folder, changed_paths, touches
from agentgov.repo.compose import commit_bytes, ident, signed_commit, tree_bytes
from agentgov.repo.objects import ObjectError, TreeEntry, object_id, parse_commit, parse_tree
from agentgov.repo.overlay import Overlay
from agentgov.repo.repository import Repository
from agentgov.repo.treeedit import Change, put_files, spliced
from agentgov.repo.trees import TreeCache

WHO = ident("Ada", "ada@example.com", 1)
IDS = st.sampled_from([f"{number:02x}" * 20 for number in (0, 32, 47, 255)])
MAYBE = st.none() | st.tuples(st.sampled_from([FILE, EXECUTABLE, TREE]), IDS)
ENTRIES = st.dictionaries(
    st.sampled_from([b"a", b"a-", b"a.b", b"a0", b"b", b"c", b"\xff", b"agent", b"0"]),
    st.tuples(st.sampled_from([FILE, EXECUTABLE, TREE, SYMLINK, SUBMODULE]), IDS),
    max_size=9,
)


def raw_of(entries: dict[bytes, tuple[int, str]]) -> bytes:
    return tree_bytes(TreeEntry(mode, name, oid) for name, (mode, oid) in entries.items())


def outcome(raw: bytes) -> object:
    """What the grammar says of a tree."""
    try:
        return parse_tree(raw, lenient=True)
    except ObjectError as error:
        return error.code


@settings(max_examples=300)
@given(st.lists(ENTRIES, min_size=1, max_size=6), st.binary(max_size=3), st.integers(0, 10**6))
def test_a_tree_is_read_alike_whatever_was_read_before_it(
    found: list[dict[bytes, tuple[int, str]]], noise: bytes, place: int
) -> None:
    raws = [raw_of(entries) for entries in found]
    last = raws[-1]
    raws.append(last[: (at := place % (len(last) + 1))] + noise + last[at + len(noise) :])  # same length, damaged
    raws += raws[::-1]
    stored = {object_id("tree", raw): raw for raw in raws}
    cache = TreeCache(stored.__getitem__)
    for raw in raws:
        try:
            seen: object = cache.entries(object_id("tree", raw))
        except ObjectError as error:
            seen = error.code
        assert seen == outcome(raw)


@settings(max_examples=300)
@given(st.lists(ENTRIES, min_size=2, max_size=5), st.randoms(use_true_random=False))
def test_two_trees_differ_in_what_sets_of_their_entries_differ(
    found: list[dict[bytes, tuple[int, str]]], chance: random.Random
) -> None:
    ids = [f"{number:02x}" * 20 for number in (0, 32, 47, 255)]
    found += [{name: (mode, chance.choice(ids)) for name, (mode, _) in one.items()} for one in found]  # the same shapes
    stored = {object_id("tree", raw_of(entries)): raw_of(entries) for entries in found}
    cache = TreeCache(stored.__getitem__)
    for old, new in itertools.product(stored, repeat=2):
        before, after = parse_tree(stored[old], lenient=True), parse_tree(stored[new], lenient=True)
        seen = cache.differing(old, new)
        assert {one for _, one, _ in seen if one is not None} == set(before) - set(after)
        assert {one for _, _, one in seen if one is not None} == set(after) - set(before)
        assert all(name == one.name for name, *both in seen for one in both if one is not None)


@pytest.mark.parametrize("share", [0.002, 0.1, 0.5, 1.0])
def test_wide_trees_differ_in_what_differs_however_much_it_is(share: float) -> None:
    chance, stored = random.Random(share), dict[str, bytes]()
    modes = [chance.choice((FILE, EXECUTABLE, TREE)) for _ in range(1000)]
    found = {b"%04d" % number: (mode, f"{number:040x}") for number, mode in enumerate(modes)}
    for _ in range(4):  # each grows out of the one before, as commits do
        stored[object_id("tree", raw_of(found))] = raw_of(found)
        changed = [name for name in found if chance.random() < share]
        found = {**found, **{name: (found[name][0], chance.randbytes(20).hex()) for name in changed}}
    cache = TreeCache(stored.__getitem__)
    for old, new in itertools.product(stored, repeat=2):
        before, after = parse_tree(stored[old]), parse_tree(stored[new])
        expected = [(one.name, one, other) for one, other in zip(before, after, strict=True) if one != other]
        assert cache.differing(old, new) == expected
        assert cache.entries(new) == after


def test_memory_is_bounded_by_entries_and_what_is_used_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tree_module, "_ROOM", 100)
    asked: list[str] = []

    def read(oid: str) -> bytes:
        asked.append(oid)
        return raw_of({b"f": (FILE, oid)})

    cache, often = TreeCache(read), "ab" * 20
    for number in range(1000):
        cache.entries(f"{number:040x}")
        cache.entries(often)
    assert asked.count(often) == 1
    assert len(cache._young) + len(cache._old) <= 2 * 100
    assert cache.unknown([often, often, "cd" * 20, "cd" * 20]) == ["cd" * 20]


def differences(repo: Repository, old_tree: str | None, new_tree: str | None) -> Changes:
    """Path to entries for every file that differs, by sets of entries: slow, and plain to see."""
    found: Changes = {}
    todo: list[tuple[bytes, str | None, str | None]] = [(b"", old_tree, new_tree)]
    while todo:
        prefix, old_oid, new_oid = todo.pop()
        before = {entry.name: entry for entry in (repo.tree(old_oid) if old_oid else ())}
        after = {entry.name: entry for entry in (repo.tree(new_oid) if new_oid else ())}
        for name in before.keys() | after.keys():
            old, new = before.get(name), after.get(name)
            if _file(old) != _file(new):
                found[(prefix + name).decode("utf-8", "surrogateescape")] = (_file(old), _file(new))
            if _folder(old) != _folder(new):
                todo.append((prefix + name + b"/", _folder(old), _folder(new)))
    return dict(sorted(found.items(), key=lambda item: path_bytes(item[0])))


@pytest.fixture(scope="module")
def repo(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    return Repository.open(gitworld.make_repository(tmp_path_factory.mktemp("reading")))


def random_trees(repo: Repository, count: int) -> list[str]:
    """Trees that grow out of each other: some entries set, some taken away, files where folders were."""
    chance, tree, found = random.Random(5), repo.write_tree(()), []
    blobs = [repo.write_blob(bytes([number])) for number in range(6)]
    names = ["a", "a-", "a.b", "b", "Ä", "x" * 30, *(f"n{number:02d}" for number in range(40))]
    for _ in range(count):
        for _ in range(chance.choice((1, 1, 2, 20))):
            path = "/".join(chance.choice(names) for _ in range(chance.randint(1, 3)))
            change = None if chance.random() < 0.3 else (chance.choice((FILE, EXECUTABLE)), chance.choice(blobs))
            tree = repo.put_files(tree, {path: change})
        found.append(tree)
    return found


def test_changed_paths_are_those_of_sets_and_of_git_for_many_pairs(repo: Repository) -> None:
    found, chance = random_trees(repo, 120), random.Random(6)
    pairs = [*itertools.pairwise(found), *((chance.choice(found), chance.choice(found)) for _ in range(380))]
    for number, (old, new) in enumerate(pairs):
        seen = changed_paths(repo, old, new)
        assert list(seen.items()) == list(differences(repo, old, new).items())
        if number % 10 == 0:
            said = gitworld.git(repo.git_dir, "diff-tree", "-r", "-z", "--no-renames", "--name-only", old, new)
            assert {path_bytes(path) for path in seen} == set(said.split(b"\0")[:-1])


def commit(repo: Repository, tree: str, *parents: str) -> str:
    return repo.write_object("commit", commit_bytes(tree, parents, WHO, WHO, b"m"))


def test_commits_that_are_read_ahead_touch_the_same(repo: Repository) -> None:
    found = random_trees(repo, 40)
    commits = [commit(repo, found[0])]
    for number, tree in enumerate(found[1:], 1):
        more = [commits[number // 2]] if number % 7 == 0 else []
        commits.append(commit(repo, tree, commits[-1], *more))
    expected = [touches(Repository.open(repo.git_dir), oid) for oid in commits]
    diff = HistoryDiff(Repository.open(repo.git_dir))
    diff.read_ahead(commits)
    assert [diff.touches(oid) for oid in commits] == expected
    assert [diff.touches(oid) for oid in commits] == expected  # and again, from what is remembered


def test_one_damaged_commit_does_not_stop_the_others(repo: Repository) -> None:
    first, second, third = random_trees(repo, 3)
    base = commit(repo, first)
    good = commit(repo, second, base)
    repeated = b"100644 x\0" + bytes(20)
    bad_tree = gitworld.raw_object(repo.git_dir, "tree", repeated + repeated)
    bad = commit(repo, bad_tree, good)
    after = commit(repo, third, good)
    diff = HistoryDiff(repo)
    diff.read_ahead([good, bad, after, "0" * 39 + "1"])
    assert diff.touches(good) == touches(repo, good)
    with pytest.raises(ObjectError) as error:
        diff.touches(bad)
    assert error.value.code == "tree.duplicate-entry"
    assert diff.touches(after) == touches(repo, after)


def test_folders_of_folders_that_never_end_are_refused(repo: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agentgov.repo.changes.MAX_PATHS", 20_000)
    tree = repo.put_files(None, {"x": (FILE, repo.write_blob(b"x"))})
    for _ in range(6):
        tree = repo.write_tree([TreeEntry(TREE, b"%03d" % number, tree) for number in range(400)])
    with pytest.raises(ObjectError) as error:
        changed_paths(repo, None, tree)
    assert error.value.code == "tree.too-large"


ARMOUR = b"-----BEGIN SSH SIGNATURE-----\nU1NI\nAAAA\n-----END SSH SIGNATURE-----\n"
PLAIN = signed_commit(commit_bytes("ab" * 20, ["cd" * 20], WHO, WHO, b"subject\n\nbody\n"), ARMOUR)
PIECES = [
    b"\n",
    b" ",
    b"\0",
    b"<",
    b">",
    b"gpgsig x\n",
    b"encoding y\n",
    b"parent " + b"ab" * 20 + b"\n",
    b"0",
    b"-----",
]


@settings(max_examples=1000)
@given(
    st.lists(st.tuples(st.integers(0, len(PLAIN)), st.sampled_from(PIECES), st.integers(0, 3)), max_size=3),
    st.booleans(),
)
def test_an_ordinary_commit_is_read_in_one_go_as_header_by_header(
    edits: list[tuple[int, bytes, int]], lenient: bool
) -> None:
    raw = PLAIN
    for place, piece, dropped in edits:
        raw = raw[:place] + piece + raw[place + dropped :]

    def read() -> object:
        try:
            return parse_commit(raw, lenient)
        except ObjectError as error:
            return error.code

    quick = read()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("agentgov.repo.objects._plain_commit", lambda _: None)
        assert quick == read()


def test_what_the_strict_grammar_admits_the_lenient_one_reads_alike(tmp_path: Path) -> None:
    folder = gitworld.make_repository(tmp_path / "r")
    odd = gitworld.raw_object(folder, "commit", PLAIN.replace(b"gpgsig", b"gpgsig-sha256"))
    plain = gitworld.raw_object(folder, "commit", PLAIN)
    world = Repository.open(folder)
    assert world.commit(plain, lenient=False) == world.commit(plain)
    for _ in range(2):
        assert world.commit(odd).signature is None
        with pytest.raises(ObjectError) as error:
            world.commit(odd, lenient=False)
        assert error.value.code == "object.unknown-header"


@settings(max_examples=400)
@given(ENTRIES, st.dictionaries(st.sampled_from([b"a", b"a-", b"a.b", b"b", b"new", b"\x01"]), MAYBE, max_size=4))
def test_what_is_spliced_is_what_would_be_written(
    entries: dict[bytes, tuple[int, str]], edits: dict[bytes, tuple[int, str] | None]
) -> None:
    raw = raw_of(entries)
    wanted = {name: TreeEntry(found[0], name, found[1]) if found else None for name, found in edits.items()}
    seen, parsed = spliced(raw, parse_tree(raw), wanted)
    after = {name: found for name, found in {**entries, **edits}.items() if found is not None}
    assert seen == raw_of(after)
    assert parsed == parse_tree(seen)


@pytest.mark.parametrize("entry", [TreeEntry(0o100666, b"m", "ab" * 20), TreeEntry(FILE, b".GIT", "ab" * 20)])
def test_nothing_is_spliced_that_no_tree_can_hold(entry: TreeEntry) -> None:
    raw = raw_of({b"a": (FILE, "ab" * 20)})
    with pytest.raises(ObjectError):
        spliced(raw, parse_tree(raw), {entry.name: entry})


def test_wide_folders_are_edited_alike_in_a_repository_and_beside_it(repo: Repository) -> None:
    blobs = [repo.write_blob(bytes([number])) for number in range(4)]
    wide = repo.put_files(None, {f"w/{number:03d}/f": (FILE, blobs[0]) for number in range(300)})
    changes: dict[str, Change] = {
        **{f"w/{number:03d}/f": (FILE, blobs[1]) for number in (0, 7, 299)},
        "w/100/f": None,
        "w/101": (FILE, blobs[2]),
        "w/zz/new": (FILE, blobs[3]),
        "w/0": (EXECUTABLE, blobs[3]),
    }
    seen = repo.put_files(wide, changes)
    folder = {entry.name: entry for entry in repo.tree(repo.tree(wide)[0].oid)}
    for path, change in changes.items():
        _, name, *rest = path.split("/")
        if change is None:
            del folder[name.encode()]
            continue
        mode, oid = (TREE, repo.put_files(None, {rest[0]: change})) if rest else change
        folder[name.encode()] = TreeEntry(mode, name.encode(), oid)
    assert seen == repo.write_tree([TreeEntry(TREE, b"w", repo.write_tree(folder.values()))])
    for beside in (Parts(repo), Overlay(repo)):
        assert put_files(beside, put_files(beside, wide, {"w/001/g": (FILE, blobs[0])}), {"w/001/g": None}) == wide
        assert put_files(beside, wide, changes) == seen
        assert beside.tree(beside.tree(seen)[0].oid) == repo.tree(repo.tree(seen)[0].oid)
