"""The tree of the ledger against the definitions of RFC 6962, and published vectors."""

from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from treeworld import Log, Naive, flips

from agentgov.runtime.merkle import (
    EMPTY,
    Frontier,
    ProofError,
    consistency_path,
    inclusion_path,
    leaf_hash,
    root_of,
    subtree_root,
    verify_consistency,
    verify_inclusion,
)

LEAVES = [bytes([number % 256]) * (number % 7) for number in range(300)]
LOG, NAIVE = Log(LEAVES), Naive(LEAVES)
QUICK = [*range(1, 34), 63, 64, 65, 127, 128, 129, 255, 256, 257, 300]
SIZES = st.integers(0, 300)

# The vectors of Certificate Transparency's reference implementation.
CT = [b"", b"\0", b"\x10", b" !", b"01", b"@ABC", b"PQRSTUVW", b"`abcdefghijklmno"]
CT_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
CT_INCLUSION = {
    (0, 8): """
        96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7
        5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e
        6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4""",
    (5, 8): """
        bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b
        ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0
        d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7""",
}
CT_CONSISTENCY = {
    (1, 8): """
        96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7
        5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e
        6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4""",
    (6, 8): """
        0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a
        ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0
        d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7""",
    (2, 5): """
        5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e
        bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b""",
}


def _check_size(size: int) -> None:
    root = NAIVE.mth(0, size)
    assert LOG.root(size) == root
    for index in range(size):
        path = inclusion_path(index, size, LOG.node)
        assert list(path) == NAIVE.path(index, 0, size)
        verify_inclusion(NAIVE.hashes[index], index, size, path, root)
    for old in range(1, size + 1):
        path = consistency_path(old, size, LOG.node)
        assert list(path) == NAIVE.proof(old, size)
        verify_consistency(old, size, path, NAIVE.mth(0, old), root)


@pytest.mark.parametrize("size", QUICK)
def test_proofs_are_those_of_the_definition_and_hold(size: int) -> None:
    _check_size(size)


@pytest.mark.slow
def test_proofs_of_every_size_are_those_of_the_definition_and_hold() -> None:
    for size in range(1, 301):
        _check_size(size)


def test_published_vectors_hold() -> None:
    log = Log(CT)
    assert EMPTY.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert [log.root(size).hex() for size in range(1, 9)] == CT_ROOTS
    for (index, size), path in CT_INCLUSION.items():
        assert [step.hex() for step in inclusion_path(index, size, log.node)] == path.split()
    for (old, new), path in CT_CONSISTENCY.items():
        assert [step.hex() for step in consistency_path(old, new, log.node)] == path.split()


@given(SIZES, SIZES)
@example(0, 0)
@example(100, 300)
def test_a_frontier_grows_to_the_same_tree_in_any_steps(one: int, other: int) -> None:
    first, end = sorted((one, other))
    hashes = NAIVE.hashes
    begun = Frontier().extended(hashes[:first])
    assert begun.root == (NAIVE.mth(0, first) if first else EMPTY) == root_of(hashes[:first])
    assert begun.extended(hashes[first:end]) == Frontier().extended(hashes[:end])
    assert Frontier.decode(begun.encode()) == begun


@given(SIZES, st.integers(0, 300))
@example(0, 5)
@example(3, 0)
@example(3, 2)
def test_frontiers_of_neighbours_join_where_their_subtrees_line_up(first: int, count: int) -> None:
    part = Frontier().extended(NAIVE.hashes[first : first + count])
    begun = Frontier().extended(NAIVE.hashes[:first])
    if part.size and first % (1 << part.top):
        with pytest.raises(ValueError, match="do not begin"):
            begun.joined(part)
    else:
        assert begun.joined(part) == begun.extended(NAIVE.hashes[first : first + count])


@pytest.mark.parametrize(
    "encoded",
    [
        b"",
        b"\0" * 7,
        b"\0" * 8 + b"x" * 32,
        b"\0" * 7 + b"\1",
        b"\0" * 7 + b"\1" + b"x" * 31,
        b"\xff" * 8 + b"x" * 2048,
    ],
)
def test_a_frontier_that_is_none_is_refused(encoded: bytes) -> None:
    with pytest.raises(ValueError, match=r"complete subtrees|whole hashes"):
        Frontier.decode(encoded)


def test_any_flipped_byte_or_missing_or_further_step_is_refused() -> None:
    size, index = 300, 171
    path, root = inclusion_path(index, size, LOG.node), LOG.root(size)
    hashed = NAIVE.hashes[index]
    wrong = [
        (hashed, index, size, (*path[:at], step, *path[at + 1 :]), root)
        for at in range(len(path))
        for step in flips(path[at])[:2]
    ]
    wrong += [(hashed, index, size, path[:-1], root), (hashed, index, size, (*path, root), root)]
    wrong += [(hashed, index + 1, size, path, root), (hashed, size, size, path, root), (hashed, -1, size, path, root)]
    wrong += [(hashed, index, size - 44, path, root), (flips(hashed)[0], index, size, path, root)]
    wrong += [(hashed, index, size, path, flips(root)[31]), (hashed, index, size, (path[0][:31], *path[1:]), root)]
    for case in wrong:
        with pytest.raises(ProofError):
            verify_inclusion(*case)


def test_a_tree_that_does_not_begin_with_the_older_one_is_refused() -> None:
    old, new = 171, 300
    path, before, after = consistency_path(old, new, LOG.node), LOG.root(old), LOG.root(new)
    wrong = [
        (old, new, (*path[:at], step, *path[at + 1 :]), before, after)
        for at in range(len(path))
        for step in flips(path[at])[:2]
    ]
    wrong += [
        (old, new, path[:-1], before, after),
        (old, new, (*path, after), before, after),
        (old, new, (), before, after),
    ]
    wrong += [(old - 1, new, path, before, after), (new, old, path, after, before), (-1, new, path, before, after)]
    wrong += [(old, new, path, after, after), (old, new, path, before, before), (old, old, path, before, before)]
    wrong += [(old, old, (), before, after), (0, new, (), before, after), (0, 0, (), EMPTY, after)]
    for case in wrong:
        with pytest.raises(ProofError):
            verify_consistency(*case)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda path: path[:-1], "too short"),
        (lambda path: (*path, path[0]), "too long"),
        (lambda path: (path[0][:-1], *path[1:]), "a hash has 32 bytes"),
    ],
)
def test_a_proof_of_another_shape_says_so(change: Callable[[tuple[bytes, ...]], tuple[bytes, ...]], said: str) -> None:
    path = consistency_path(5, 9, LOG.node)
    with pytest.raises(ProofError, match=said):
        verify_consistency(5, 9, change(path), LOG.root(5), LOG.root(9))


def test_between_trees_that_are_empty_or_the_same_there_is_nothing_to_prove() -> None:
    for old, new in ((0, 0), (0, 9), (9, 9)):
        path = consistency_path(old, new, LOG.node)
        assert path == ()
        verify_consistency(old, new, path, LOG.root(old), LOG.root(new))


def test_what_is_in_no_tree_is_not_proved() -> None:
    with pytest.raises(ValueError, match="no leaf 8"):
        inclusion_path(8, 8, LOG.node)
    with pytest.raises(ValueError, match="cannot begin"):
        consistency_path(9, 8, LOG.node)


def test_a_leaf_cannot_pass_for_a_node() -> None:
    left, right = NAIVE.hashes[:2]
    assert leaf_hash(left + right) != NAIVE.mth(0, 2) == subtree_root(0, 2, LOG.node)
