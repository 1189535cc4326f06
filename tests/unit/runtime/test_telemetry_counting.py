"""Which spans count: whatever comes in whatever order, each call of a model counts once."""

import random
from collections.abc import Iterable, Mapping

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from agentgov.runtime.telemetry.counting import NOTHING, USAGE, WHOLE, Span, settle
from agentgov.runtime.telemetry.rollups import differences

NOW = 1_800_000_000_000


class Memory:
    """A store of spans in memory."""

    def __init__(self) -> None:
        self.spans: dict[bytes, Span] = {}
        self.repeated = self.calls = self.tokens = 0

    def take(self, spans: Iterable[Span]) -> None:
        """One request."""
        coming = [replace(one) for one in spans]
        found = settle(coming, self._known, self._told())
        self.repeated += found.repeated
        for sums in differences(("a", "e"), (*found.new, *found.changed)).values():
            self.calls, self.tokens = self.calls + sums.calls, self.tokens + sums.input
        for one in (*found.new, *found.changed):
            one.before = one.counted
            self.spans[one.id] = one

    def _known(self, ids: Iterable[bytes]) -> Mapping[bytes, Span]:
        return {one: replace(self.spans[one]) for one in ids if one in self.spans}

    def _told(self) -> Mapping[str, Span]:
        ordered = sorted(self.spans.values(), key=lambda one: one.counted)
        return {one.response: one for one in ordered if one.response}

    def counted(self, id_: bytes) -> int:
        """What a span counts as."""
        return self.spans[id_].counted


def _span(name: str, parent: str = "", kind: str = "model", *, measured: bool = True, response: str = "") -> Span:
    found = Span(name.encode(), parent.encode(), NOW, response=response, measured=measured, input=1)
    found.kind = kind  # type: ignore[assignment]
    return found


@given(st.data())
def test_the_innermost_calls_count_in_whatever_order_they_come(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 12))
    parents = [data.draw(st.integers(-1, number - 1)) for number in range(size)]
    kinds = data.draw(st.lists(st.sampled_from(["model", "tool", "agent", ""]), min_size=size, max_size=size))
    measured = data.draw(st.lists(st.booleans(), min_size=size, max_size=size))
    spans = [
        _span(
            str(number), str(parents[number]) if parents[number] >= 0 else "", kinds[number], measured=measured[number]
        )
        for number in range(size)
    ]
    order = [*spans, *data.draw(st.lists(st.sampled_from(spans), max_size=4))]
    random.Random(data.draw(st.integers(0, 2**32))).shuffle(order)
    memory, batch = Memory(), data.draw(st.integers(1, size))
    for start in range(0, len(order), batch):
        memory.take(order[start : start + batch])
    assert memory.repeated == len(order) - size
    expected = _expected(spans)
    assert {one.id: one.counted for one in memory.spans.values()} == expected
    assert memory.calls == sum(one == WHOLE for one in expected.values())
    assert memory.tokens == sum(expected[one.id] >= USAGE for one in spans)


def _expected(spans: list[Span]) -> dict[bytes, int]:
    """By the definition: of every span the strongest call below it decides."""
    by_id, below = {one.id: one for one in spans}, dict.fromkeys((one.id for one in spans), 0)
    for one in spans:
        above = one.parent
        while above and one.kind == "model":
            below[above] = max(below[above], 2 if one.measured else 1)
            above = by_id[above].parent
    found = {}
    for one in spans:
        usage = below[one.id] == 1 and one.measured
        whole = WHOLE if not below[one.id] else USAGE if usage else NOTHING
        found[one.id] = whole if one.kind == "model" else WHOLE if one.kind == "tool" else NOTHING
    return found


def test_two_spans_of_one_response_count_once_in_whatever_traces() -> None:
    memory = Memory()
    memory.take([_span("a", response="chatcmpl-1")])
    memory.take([_span("b", response="chatcmpl-1"), _span("c", response="chatcmpl-2")])
    assert [memory.counted(one) for one in (b"a", b"b", b"c")] == [WHOLE, NOTHING, WHOLE]


def test_the_second_span_of_a_response_gives_the_tokens_that_the_first_did_not_tell() -> None:
    memory = Memory()
    memory.take([_span("a", response="r", measured=False), _span("b", response="r")])
    assert [memory.counted(one) for one in (b"a", b"b")] == [WHOLE, USAGE]


def test_of_an_inner_and_an_outer_span_of_one_response_one_counts_in_either_order() -> None:
    outer, middle, inner = _span("o", response="r"), _span("m", "o", ""), _span("i", "m", response="r")
    for order in ([outer, middle, inner], [inner, middle, outer], [outer, inner, middle], [inner, outer, middle]):
        memory = Memory()
        for one in order:
            memory.take([one])
        assert sorted([memory.counted(b"o"), memory.counted(b"i")]) == [NOTHING, WHOLE], order


def test_spans_that_are_their_own_ancestors_end() -> None:
    memory = Memory()
    memory.take([_span("a", "b"), _span("b", "a"), _span("c", "c")])
    assert len(memory.spans) == 3
