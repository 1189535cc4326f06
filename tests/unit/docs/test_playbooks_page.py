"""docs/playbooks.md says of every default alert rule, and of no other, which kind of playbook it calls for."""

import re
from pathlib import Path
from typing import get_args

from agentgov.model.alert_rules import DEFAULTS
from agentgov.model.playbook_kinds import KIND_OF, KINDS
from agentgov.model.policies import Signal

PAGE = Path(__file__).parents[3] / "docs/playbooks.md"
TEXT = PAGE.read_text("utf-8")


def test_every_default_rule_is_in_the_table_with_its_kind() -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \| `([a-z-]+)` \| [^|]+ \|$", TEXT, re.MULTILINE)
    assert dict(rows) == {rule.name: KIND_OF[rule.signal] for rule in DEFAULTS}
    assert len(rows) == len(DEFAULTS)


def test_every_signal_has_a_kind_that_there_is() -> None:
    assert set(KIND_OF) == set(get_args(Signal))
    assert set(KIND_OF.values()) == set(KINDS)
