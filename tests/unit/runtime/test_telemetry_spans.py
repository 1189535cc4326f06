"""How one span is understood, in each dialect; and that what cannot be is refused in a few words."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentgov.model.policies import ModelPrice, PriceList
from agentgov.runtime.telemetry.attributing import priced_name
from agentgov.runtime.telemetry.dialects import FIELDS
from agentgov.runtime.telemetry.spans import Raw, Use, _place, gathered, understood

NOW = 1_800_000_000_000
OLD = {
    "gen_ai.operation.name": "chat",
    "gen_ai.system": "az.ai.openai",
    "gen_ai.request.model": "gpt-4o",
    "gen_ai.usage.prompt_tokens": 11,
    "gen_ai.usage.completion_tokens": 5,
    "gen_ai.response.finish_reasons": ["stop"],
}
OPENINFERENCE = {
    "openinference.span.kind": "LLM",
    "llm.provider": "azure",
    "llm.model_name": "gpt-4o",
    "llm.token_count.prompt": 11,
    "llm.token_count.completion": 5,
    "llm.finish_reason": "stop",
    "output.value": '{"id": "chatcmpl-17", "choices": []}',
}
TRACELOOP = {
    "llm.request.type": "chat",
    "gen_ai.system": "Azure.AI.OpenAI",
    "gen_ai.request.model": "gpt-4o",
    "llm.usage.prompt_tokens": 11,
    "llm.usage.completion_tokens": 5.0,
    "llm.response.finish_reason": "stop",
}


def _raw(attributes: dict[str, Any], **more: Any) -> Raw:
    fields, contents = gathered(attributes.items(), lambda value: value, {})
    found = Raw(b"t" * 16, b"s" * 8, b"", NOW * 10**6, NOW * 10**6 + 1, False, 0, "", fields, contents)
    for name, value in more.items():
        setattr(found, name, value)
    return found


def _use(attributes: dict[str, Any], **more: Any) -> Use:
    found = understood(_raw(attributes, **more), NOW)
    assert isinstance(found, Use), found
    return found


@pytest.mark.parametrize("attributes", [OLD, OPENINFERENCE, TRACELOOP], ids=["old", "openinference", "traceloop"])
def test_three_dialects_say_the_same(attributes: dict[str, Any]) -> None:
    use = _use(attributes)
    assert (use.kind, use.provider, use.model or use.asked, use.finish) == ("model", "azure", "gpt-4o", "stop")
    assert (use.input, use.output, use.cached) == (11, 5, 0)


def test_the_id_of_an_answer_is_found_in_it_where_no_attribute_has_it() -> None:
    assert _use(OPENINFERENCE).response == "chatcmpl-17"
    assert _use(OPENINFERENCE | {"gen_ai.response.id": "r"}).response == "r"


@pytest.mark.parametrize(
    ("attributes", "kind"),
    [
        ({"gen_ai.operation.name": "invoke_agent", "gen_ai.usage.input_tokens": 5}, "agent"),
        ({"openinference.span.kind": "CHAIN", "llm.token_count.prompt": 5}, ""),
        ({"openinference.span.kind": "RETRIEVER", "gen_ai.operation.name": "chat"}, ""),
        ({"traceloop.span.kind": "tool", "traceloop.entity.name": "lookup"}, "tool"),
        ({"http.request.method": "POST"}, ""),
        ({"gen_ai.operation.name": 7}, ""),
    ],
)
def test_usage_is_that_of_models_alone(attributes: dict[str, Any], kind: str) -> None:
    use = _use(attributes)
    assert (use.kind, use.input) == (kind, None)


def test_tokens_that_are_told_beside_each_other_are_added_up() -> None:
    beside = {"gen_ai.usage.cache_read.input_tokens": 900, "gen_ai.usage.cache_creation.input_tokens": 100}
    use = _use(OLD | beside | {"gen_ai.usage.reasoning_tokens": 40})
    assert (use.input, use.cached, use.written, use.output, use.reasoning) == (1011, 900, 100, 45, 40)


@pytest.mark.parametrize("tokens", [-1, 2**63, 1.5, "11", True, float("nan"), float("inf")])
def test_a_number_of_tokens_that_cannot_be_refuses_the_span(tokens: Any) -> None:
    assert understood(_raw(OLD | {"gen_ai.usage.prompt_tokens": tokens}), NOW) == "a number of tokens that cannot be"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"trace": b"\0" * 16}, "an id that is none"),
        ({"span": b"short"}, "an id that is none"),
        ({"parent": b"x"}, "a parent that is none"),
        ({"end": 5}, "it ends before it begins"),
        ({"start": 0}, "it ends before it begins"),
        ({"end": (NOW + 300_002) * 10**6}, "it ends in the future"),
        ({"start": 1, "end": 2}, "it is older than seven days"),
    ],
)
def test_what_cannot_be_is_refused(change: dict[str, Any], why: str) -> None:
    assert understood(_raw(OLD, **change), NOW) == why


@pytest.mark.parametrize(
    ("state", "sampled"),
    [
        ("", False),
        ("ot=th:8", True),
        ("ot=th:0", False),
        ("x=y,ot=rv:1;th:c", True),
        ("ot=rv:1", False),
        ("nt=th:8", False),
        ("x=" + "y" * 600 + ",ot=th:8", False),  # beyond what anybody passes on
        (";ot=" * 250_000, False),  # a pattern would take hours for it, with the whole process waiting
    ],
    ids=lambda one: str(one)[:20],
)
def test_traces_that_were_sampled_are_flagged(state: str, sampled: bool) -> None:
    assert _use(OLD, state=state).sampled is sampled


def test_the_outermost_span_of_a_process_has_no_parent_here() -> None:
    assert _use(OLD).root
    assert not _use(OLD, parent=b"p" * 8).root
    assert _use(OLD, parent=b"p" * 8, flags=0x300).root


def test_long_names_of_attributes_are_not_remembered() -> None:
    before = _place.cache_info().currsize
    _, contents = gathered([("gen_ai.prompt." + "x" * 1000, "hello"), ("y" * 1000, 1)], lambda value: value, {})
    assert [value for _, value in contents] == ["hello"]
    assert _place.cache_info().currsize == before


@given(
    st.dictionaries(
        st.sampled_from(sorted(FIELDS)), st.none() | st.booleans() | st.integers() | st.floats() | st.text()
    )
)
def test_no_attribute_breaks_it(attributes: dict[str, Any]) -> None:
    found = understood(_raw(attributes), NOW)
    assert isinstance(found, (Use, str))
    if isinstance(found, Use):
        assert all(
            text.isprintable() for text in (found.model, found.tool, found.session, found.finish, found.response)
        )


def test_a_model_is_found_in_the_price_list_without_its_date() -> None:
    price = ModelPrice("1.00", "2.00")
    prices = PriceList(currency="USD", as_of="2026-11-01", models={"openai/gpt-4o": price, "local": price})
    assert priced_name(prices, "openai", "gpt-4o", "gpt-4o-2024-08-06")[0] == "openai/gpt-4o"
    assert priced_name(prices, "ollama", "local", "")[0] == "local"
    assert priced_name(prices, "openai", "gpt-5", "gpt-5-2026-01-01") == ("openai/gpt-5", None)
    assert priced_name(None, "", "", "") == ("(unnamed)", None)
