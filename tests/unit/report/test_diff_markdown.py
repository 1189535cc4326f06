"""The Markdown of a diff fits a comment, keeps its structure whatever people wrote, and loses whole sections only."""

import re
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token
from unit.diff.diff_sample import DOCUMENT, FOLDER, version

from agentgov.diff.compare import AgentDiff, compare, riskiest_agents_first
from agentgov.diff.version import AgentVersion
from agentgov.model.names import AgentId
from agentgov.report.diff import Answer, Side
from agentgov.report.diff_markdown import LIMIT, markdown

BASE, HEAD = Side("main", "a" * 40, "commit aaaaaaa"), Side("topic", "b" * 40, "commit bbbbbbb")
SYSTEM = f"{FOLDER}/prompts/system.md"
TOOLS = DOCUMENT["spec"]["tools"]
HOSTILE = st.text(
    st.sampled_from("`|<>&@#*_~[]()!\\\n\r\t \"'-=:/$ab1\u202e\u200b\x1b\x00") | st.characters(codec="utf-8"),
    max_size=60,
)
SNIPPETS = (
    "</pre>",
    "</details>",
    "\n\n# owned\n",
    "```",
    "| a | b |",
    "![x](http://x)",
    "<img src=x>",
    "@everyone",
    "<!--",
)
WRITTEN = st.lists(HOSTILE | st.sampled_from(SNIPPETS), max_size=6).map("".join)


def answer(*agents: AgentDiff) -> Answer:
    return Answer(BASE, HEAD, riskiest_agents_first(agents), (), (), command="agentgov diff main topic")


def tokens(text: str) -> list[Token]:
    return MarkdownIt("commonmark").enable("table").parse(text)


def outline(found: Sequence[Token]) -> list[str]:
    """What kinds of blocks stand at the top, one after the other."""
    return [token.type for token in found if token.level == 0 and token.nesting >= 0]


def hostile_diff(tool: str, owner: str, before: str, after: str, file: str) -> AgentDiff:
    spec = {"tools": [*TOOLS, {"name": tool or "t", "effect": "read"}], "owner": owner, "x": None}
    texts: dict[str, bytes | None] = {
        SYSTEM: after.encode("utf-8", "surrogatepass"),
        f"{FOLDER}/{file or 'f'}": b"new",
    }
    old: dict[str, bytes | None] = {SYSTEM: before.encode("utf-8", "surrogatepass")}
    return compare(version(texts=old), version(spec, texts=texts))


@given(WRITTEN, WRITTEN, WRITTEN, WRITTEN, WRITTEN)
@settings(max_examples=150)
def test_nothing_that_people_wrote_changes_the_structure(
    tool: str, owner: str, before: str, after: str, file: str
) -> None:
    diff = hostile_diff(tool, owner, before, after, file)
    text = markdown(answer(diff))
    found = tokens(text)
    shape = [kind for kind in outline(found) if kind != "html_block"]
    assert shape == ["paragraph_open", "heading_open", "paragraph_open", "table_open"]
    rows = [token for token in found if token.type == "tr_open"]
    assert len(rows) == 1 + len(diff.changes)
    cells = [token for token in found if token.type in ("td_open", "th_open")]
    assert len(cells) == 4 * len(rows)
    inline = [child for token in found for child in token.children or ()]
    assert {child.type for child in inline} <= {"text", "code_inline", "strong_open", "strong_close"}
    html = "".join(token.content for token in found if token.type == "html_block")
    assert set(re.findall(r"</?[a-z]+[^>]*>", html)) <= {
        "<details>",
        "<details open>",
        "</details>",
        "<summary>",
        "</summary>",
        "<pre>",
        "</pre>",
        "<ins>",
        "</ins>",
        "<del>",
        "</del>",
    }
    assert "@" not in html
    assert all(char.isprintable() or char in "\n\t" or char.isspace() for char in text)


def big(number: int, risk: str, words: int) -> AgentDiff:
    """An agent with many changes and a long prompt."""
    agent_id = AgentId("support", f"agent-{number}")
    texts = {path.replace(FOLDER, agent_id.folder): text for path, text in version().texts.items()}
    prompt = f"{agent_id.folder}/prompts/system.md"
    tools = [*TOOLS, *({"name": f"tool.{index}", "effect": "write"} for index in range(number % 30))]
    before = AgentVersion(agent_id, version({"risk": risk}).agent, {**texts, prompt: b"old"})
    after = version({"risk": risk, "tools": tools, "owner": f"team:{number}"}).agent
    said = " ".join(f"word{number}-{index}" for index in range(words))
    return compare(before, AgentVersion(agent_id, after, {**texts, prompt: said.encode()}))


def test_a_large_diff_fits_and_the_riskiest_agents_stay() -> None:
    diffs = [big(number, "critical" if number % 50 == 7 else "low", 400) for number in range(300)]
    text = markdown(answer(*diffs))
    assert len(text.encode()) <= LIMIT
    assert len(text) > LIMIT * 0.8
    shown = re.findall(r"^### `(support/agent-[0-9]+)`", text, re.MULTILINE)
    assert shown == [str(diff.agent_id) for diff in riskiest_agents_first(diffs)][: len(shown)]
    assert {f"support/agent-{number}" for number in range(300) if number % 50 == 7} <= set(shown)
    last = text.splitlines()[-1]
    left = {word: int(count) for count, word in re.findall(r"([0-9]+) (agent|table|text)s? ", last)}
    assert left["agent"] + len(shown) == 300
    assert last.endswith("All of it: `agentgov diff main topic`")
    assert text.count("<details") == text.count("</details>") == text.count("<pre>") == text.count("</pre>")
    assert sum(token.type == "table_open" for token in tokens(text)) == len(shown) - left.get("table", 0)


@given(st.integers(1_200, 30_000), st.integers(1, 12), st.integers(0, 300))
@settings(max_examples=40)
def test_it_fits_any_limit_with_its_structure_whole(limit: int, agents: int, words: int) -> None:
    text = markdown(answer(*(big(number + 20, "high", words) for number in range(agents))), limit)
    assert len(text.encode()) <= limit
    found = tokens(text)
    assert all(kind in ("paragraph_open", "heading_open", "table_open", "html_block") for kind in outline(found))
    assert text.count("<details") == text.count("</pre>") == text.count("</details>")


def test_the_words_of_a_text_are_told_by_insertion_and_deletion() -> None:
    after = version(texts={SYSTEM: b"You answer billing questions.\nBe kind.\n"})
    text = markdown(answer(compare(version(), after)))
    assert "You answer <del>refund</del><ins>billing</ins> questions." in text


def test_what_is_in_force_in_each_environment_is_a_table() -> None:
    text = markdown(answer(compare(version(), version({"budget": {"day": "80.00 USD"}}))))
    assert "| in force | staging | production |" in text
    assert "| `budget.day` | `5.00 USD (override)` | `40.00 USD -> 80.00 USD` |" in text


def test_wide_characters_count_as_the_bytes_they_are() -> None:
    after = version(texts={SYSTEM: ("\u9000\u6b3e\U0001f600" * 20_000).encode()})
    text = markdown(answer(compare(version(), after)))
    assert len(text.encode()) <= LIMIT
