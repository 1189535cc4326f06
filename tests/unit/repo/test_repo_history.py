"""Ancestry against brute force, with dates that lie; H5's long chain; chains that are read only as far as needed."""

from collections.abc import Iterable

from hypothesis import given, settings
from hypothesis import strategies as st

from agentgov.repo.history import Node, is_ancestor, merge_bases, walk

Graph = dict[str, Node]


def reachable(graph: Graph, starts: Iterable[str]) -> set[str]:
    found: set[str] = set()
    todo = list(starts)
    while todo:
        oid = todo.pop()
        if oid not in found:
            found.add(oid)
            todo += graph[oid][0]
    return found


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Any acyclic graph of up to 14 commits, several roots, octopuses, and dates without any order."""
    size = draw(st.integers(1, 14))
    graph: Graph = {}
    for number in range(size):
        parents = draw(st.lists(st.integers(0, number - 1), max_size=4)) if number else []
        honest = draw(st.booleans())
        graph[str(number)] = (tuple(map(str, parents)), number if honest else draw(st.integers(0, 20)))
    return graph


@settings(max_examples=500)
@given(graphs(), st.data())
def test_a_walk_is_exactly_what_is_reachable(graph: Graph, data: st.DataObject) -> None:
    names = st.sampled_from(sorted(graph))
    include, exclude = data.draw(names), data.draw(st.lists(names, max_size=3))
    found = list(walk(graph.__getitem__, include, exclude))
    assert len(found) == len(set(found))
    assert set(found) == reachable(graph, [include]) - reachable(graph, exclude)
    if exclude:
        for place, oid in enumerate(found):
            assert not set(graph[oid][0]) & set(found[:place]), "a parent came before its child"


@settings(max_examples=500)
@given(graphs(), st.data())
def test_ancestry_and_merge_bases_are_right_whatever_the_dates(graph: Graph, data: st.DataObject) -> None:
    names = st.sampled_from(sorted(graph))
    first, second = data.draw(names), data.draw(names)
    read = graph.__getitem__
    assert is_ancestor(read, first, second) == (first in reachable(graph, [second]))
    common = reachable(graph, [first]) & reachable(graph, [second])
    best = {oid for oid in common if not any(oid != other and oid in reachable(graph, [other]) for other in common)}
    found = merge_bases(read, first, second)
    assert set(found) == best
    assert len(found) == len(best)


class Counting:
    """A chain of any length that counts what is read of it."""

    def __init__(self, length: int) -> None:
        self.length = length
        self.reads: set[str] = set()

    def __call__(self, oid: str) -> Node:
        self.reads.add(oid)
        number = int(oid)
        return ((str(number - 1),) if number else ()), number


def test_a_long_chain_is_walked_without_recursion() -> None:
    chain = Counting(20_000)
    assert sum(1 for _ in walk(chain, "19999")) == 20_000
    assert is_ancestor(chain, "0", "19999")


def test_only_the_new_part_of_history_is_read_where_dates_are_sane() -> None:
    chain = Counting(20_000)
    assert list(walk(chain, "19999", ["19990"])) == [str(number) for number in range(19_999, 19_990, -1)]
    assert not is_ancestor(chain, "19999", "19990")
    assert merge_bases(chain, "19999", "19990") == ("19990",)
    assert len(chain.reads) < 40


def test_a_branch_from_old_history_reads_back_to_where_it_left() -> None:
    reads: set[str] = set()

    def read(oid: str) -> Node:
        """A main line 0..999; the branch b1..b3 left at 900 and was merged as m over 999."""
        reads.add(oid)
        special = {"m": (("999", "b3"), 2000), "b3": (("b2",), 1503), "b2": (("b1",), 1502), "b1": (("900",), 1501)}
        if oid in special:
            return special[oid]
        number = int(oid)
        return ((str(number - 1),) if number else ()), number

    assert list(walk(read, "m", ["999"])) == ["m", "b3", "b2", "b1"]
    assert len(reads) < 200
