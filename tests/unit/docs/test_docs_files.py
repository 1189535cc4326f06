"""Every example in docs/files.md is what this version accepts."""

import re
from pathlib import Path
from typing import Any, get_args

import pytest

from agentgov.model.governed import Kind
from agentgov.validate.schema import check
from agentgov.validate.yaml_reader import read

PAGE = Path(__file__).resolve().parents[3] / "docs/files.md"
BLOCKS = re.findall(r"^```yaml\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def kind_of(block: str) -> Any:
    """The kind that an example says it is."""
    found = re.search(r"^kind: (\w+)$", block, re.MULTILINE)
    assert found is not None
    return found[1]


@pytest.mark.parametrize("block", BLOCKS, ids=kind_of)
def test_examples_are_accepted(block: str) -> None:
    data = block.encode()
    document = read(data, "docs/files.md")
    assert document.findings == ()
    assert check(kind_of(block), document.value, data, "docs/files.md") == ()


def test_every_kind_has_an_example() -> None:
    assert {kind_of(block) for block in BLOCKS} == set(get_args(Kind))
