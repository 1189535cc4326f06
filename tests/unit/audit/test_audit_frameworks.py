"""The mappings of frameworks: every kind of evidence that they name exists, and each says what it does not cover."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentgov.audit.evidence import KINDS
from agentgov.audit.frameworks import FOLDER, framework
from agentgov.audit.sampling import Drawing, rank
from agentgov.cli.run_time.audit import NAMES
from agentgov.model.act import GRAMMAR


def test_every_mapping_can_be_asked_for() -> None:
    assert sorted(path.stem for path in FOLDER.glob("*.yaml")) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_mapping_names_evidence_that_exists_and_says_what_it_leaves_out(name: str) -> None:
    found = framework(name)
    assert found.id == name
    assert found.not_covered
    assert len({one.id for one in found.controls}) == len(found.controls)
    for control in found.controls:
        assert control.missing, control.id
        assert set(control.evidence) <= set(KINDS), control.id
    assert bool(found.voluntary) == (name == "sr26-2")


def test_every_kind_of_evidence_speaks_to_some_framework_and_names_acts_that_there_are() -> None:
    assert {kind for name in NAMES for kind in framework(name).kinds} == set(KINDS)
    for kind in KINDS.values():
        assert kind.not_shown
        if kind.source == "journal":
            assert set(kind.types) <= set(GRAMMAR), kind.id


def test_every_act_is_evidence_of_something() -> None:
    told = {type_ for kind in KINDS.values() if kind.source == "journal" for type_ in kind.types}
    assert told == set(GRAMMAR)


@given(st.sets(st.text(min_size=1), max_size=60), st.integers(0, 70), st.text(max_size=4), st.randoms())
def test_a_sample_does_not_depend_on_the_order_of_its_population(
    names: set[str], size: int, seed: str, random: object
) -> None:
    first, second = Drawing[str](seed, size), Drawing[str](seed, size)
    mixed = sorted(names)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    for one in sorted(names):
        first.offer(one, one)
    for one in mixed:
        second.offer(one, one)
    assert first.drawn == second.drawn == tuple(sorted(names, key=lambda name: rank(seed, name))[:size])
    assert first.count == len(names)
