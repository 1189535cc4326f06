"""One line says that an action is done; whatever else stands in the file stays to the byte."""

import pytest

from agentgov.errors import AgentgovError
from agentgov.scaffold.review_edit import finish_action

HEAD = "---\nincident: 2025-1124-k7qd\nactions:\n"
BLOCK = f"""{HEAD}  - id: a # first
    title: A
    owner: alice
    due: 2026-01-01
  - {{id: b, title: B, owner: bob, due: 2026-01-01}}
---

# Text
---
actions: mine
"""


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize(
    ("action", "old", "new"),
    [
        ("a", "    due: 2026-01-01\n", '    due: 2026-01-01\n    done: "2026-02-03"\n'),
        ("b", "owner: bob, due: 2026-01-01}", 'owner: bob, due: 2026-01-01, done: "2026-02-03"}'),
    ],
)
def test_one_line_changes(ending: str, action: str, old: str, new: str) -> None:
    text, wanted = (one.replace("\n", ending) for one in (BLOCK, BLOCK.replace(old, new)))
    assert finish_action(text, action, "2026-02-03", "review.md") == wanted


@pytest.mark.parametrize(
    ("text", "action", "message"),
    [
        ("# no front matter\n", "a", "cannot be read"),
        (f"{HEAD}  - {{id: a}}\n---\n", "a", "cannot be read"),
        (BLOCK, "c", "has no action 'c'"),
        (BLOCK.replace("owner: bob,", "owner: bob, done: 2026-01-01,"), "b", "is done since 2026-01-01"),
        (f"{HEAD.replace('actions:', 'lead: alice')}---\n", "a", "has no action"),
    ],
)
def test_what_cannot_be_is_said(text: str, action: str, message: str) -> None:
    with pytest.raises(AgentgovError) as caught:
        finish_action(text, action, "2026-02-03", "review.md")
    assert message in str(caught.value.message)
