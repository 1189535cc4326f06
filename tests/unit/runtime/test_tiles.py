"""Tiles: paths that are read in one spelling, widths, and nodes that come out as they went in."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from treeworld import Log

from agentgov.runtime.merkle import HASH, consistency_path, inclusion_path
from agentgov.runtime.tiles import (
    WIDTH,
    Tile,
    bundles_between,
    decode_bundle,
    encode_bundle,
    higher,
    node_reader,
    parse_path,
    split,
    tile_at,
    tiles_between,
)

TILES = st.builds(Tile, st.integers(0, 63) | st.just("entries"), st.integers(0, 2**50), st.integers(1, WIDTH))
LOG = Log([str(number).encode() for number in range(70_000)])


def test_paths_are_those_of_the_specification() -> None:
    assert Tile(0, 1_234_067).path == "tile/0/x001/x234/067"
    assert Tile(3, 0, 1).path == "tile/3/000.p/1"
    assert Tile("entries", 1000, 255).path == "tile/entries/x001/000.p/255"
    assert parse_path("tile/entries/x001/000.p/255") == Tile("entries", 1000, 255)


@given(TILES)
def test_a_path_is_read_as_it_is_written(tile: Tile) -> None:
    assert parse_path(tile.path) == tile


@pytest.mark.parametrize(
    "path",
    [
        "",
        "tile/0/0",
        "tile/0/0000",
        "tile/00/000",
        "tile/64/000",
        "tile/-1/000",
        "tile/0/x000/000",
        "tile/0/001/000",
        "tile/0/x001",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/000.p/999",
        "tile/0/000/",
        "/tile/0/000",
        "tile/0/000\n",
        "tile/data/000",
        "tile/0/x999/x999/x999/x999/x999/x999/999",
        "tile/0/" + "x999/" * 2000 + "999",
        "tile/0/٠٠٠",
        "tile/entries/../000",
        "tile/8/0/000",
    ],
)
def test_any_other_spelling_is_refused(path: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whichever rule it breaks
        parse_path(path)


@given(st.text(st.sampled_from("tile/0123x.pentrs"), max_size=40))
def test_hostile_paths_are_read_in_one_spelling_or_refused(path: str) -> None:
    try:
        tile = parse_path(path)
    except ValueError:
        return
    assert tile.path == path


def test_there_is_no_tile_before_the_first() -> None:
    for level, index, width in ((0, -1, 1), (-1, 0, 1), (64, 0, 1), (0, 0, 0), (0, 0, 257)):
        with pytest.raises(ValueError, match="there is no tile"):
            Tile(level, index, width)


def test_the_example_of_the_specification() -> None:
    tiles = list(tiles_between(0, 70_000))
    assert [tile for tile in tiles if tile.width != WIDTH] == [Tile(0, 273, 112), Tile(1, 1, 17), Tile(2, 0, 1)]
    assert [sum(tile.level == level for tile in tiles) for level in range(4)] == [274, 2, 1, 0]
    assert list(tiles_between(0, 256)) == [Tile(0, 0), Tile(1, 0, 1)]
    for same in (0, 256, 300):
        assert list(tiles_between(same, same)) == list(bundles_between(same, same)) == []


@given(st.integers(0, 70_000), st.integers(0, 70_000))
def test_growing_writes_what_a_reader_of_the_new_size_asks_for(one: int, other: int) -> None:
    old, new = sorted((one, other))
    written = {*tiles_between(0, old), *tiles_between(old, new)}
    assert {tile for tile in tiles_between(0, new) if tile.width == WIDTH} <= written
    for tile in tiles_between(0, new):
        assert tile == tile_at(tile.level, tile.index, new)
        assert tile in written
    assert [tile.width for tile in bundles_between(old, new)] == [
        tile.width for tile in tiles_between(old, new) if tile.level == 0
    ]


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 511, 65_536, 65_537, 70_000])
def test_proofs_come_out_of_tiles(size: int) -> None:
    node = node_reader(size, LOG.tile)
    for index in {0, 1 % size, size // 3, size // 2, size - 1}:
        assert inclusion_path(index, size, node) == inclusion_path(index, size, LOG.node)
        assert consistency_path(index, size, node) == consistency_path(index, size, LOG.node)


def test_a_node_that_is_not_complete_is_not_made_up() -> None:
    node = node_reader(300, LOG.tile)
    assert node(8, 0) == LOG.node(8, 0) == higher(LOG.tile(Tile(0, 0)))
    for level, index in ((8, 1), (5, 9), (0, 300), (9, 0)):
        with pytest.raises(ValueError, match="300 leaves has no"):
            node(level, index)
    with pytest.raises(ValueError, match="only a full tile"):
        higher(LOG.tile(Tile(0, 0, 9)))


@pytest.mark.parametrize("length", [0, 1, HASH - 1, HASH + 1, HASH * (WIDTH + 1)])
def test_a_tile_holds_whole_hashes(length: int) -> None:
    with pytest.raises(ValueError, match="tile"):
        split(bytes(length))


def test_a_tile_has_the_width_that_its_tree_gives_it() -> None:
    with pytest.raises(ValueError, match="a tile of 45 hashes"):
        node_reader(301, lambda tile: LOG.tile(Tile(tile.level, tile.index, tile.width - 1)))(0, 300)


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=20))
@example([b"", b"leaf"])
def test_a_bundle_is_read_as_it_is_written(leaves: list[bytes]) -> None:
    bundle = encode_bundle(leaves)
    assert decode_bundle(bundle, len(leaves)) == leaves
    for wrong in (bundle + b"\0", bundle[:-1], b"\xff\xff" + bundle):
        with pytest.raises(ValueError, match="no bundle"):
            decode_bundle(wrong, len(leaves))


def test_a_bundle_has_bounds() -> None:
    for leaves in ([], [b""] * 257, [bytes(65_536)]):
        with pytest.raises(ValueError, match="bundle"):
            encode_bundle(leaves)
    assert decode_bundle(encode_bundle([bytes(65_535)]), 1) == [bytes(65_535)]


@given(st.binary(max_size=200), st.integers(1, 256))
@example(b"", 1)
@example(b"\0\0", 2)
def test_hostile_bundles_are_refused_or_read_in_one_way(bundle: bytes, width: int) -> None:
    try:
        leaves = decode_bundle(bundle, width)
    except ValueError:
        return
    assert (encode_bundle(leaves), len(leaves)) == (bundle, width)


def test_where_a_tree_has_no_hashes_it_has_no_tile() -> None:
    assert tile_at(0, 0, 256).width == 256
    for level, index, size in ((0, 0, 0), (0, 1, 256), (1, 0, 255)):
        with pytest.raises(ValueError, match="has no tile"):
            tile_at(level, index, size)
