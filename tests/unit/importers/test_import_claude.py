"""Agents of Claude Code: the prompt as it is, tools without effects, the model told and not guessed."""

import pytest
from unit.importers.imports import document, import_all, import_one, prompt, source, spec, why_not, words

_REVIEWER = """---
name: code-reviewer
description: Reviews code. Use PROACTIVELY after every change.
tools: Read, Grep, Bash(git diff:*, git log), mcp__github__list_issues, mcp__jira__*
disallowedTools: Write
model: sonnet
color: blue
permissionMode: plan
skills: [style]
hooks:
  Stop: [{hooks: [{type: command, command: ./x.sh}]}]
---
You review code for {{team}}.
"""


def test_a_file_becomes_an_agent_of_its_name() -> None:
    item = import_one("claude", "agents/reviewer.md", _REVIEWER)
    assert str(item.agent) == "sea/code-reviewer"
    assert prompt(item) == "You review code for {{team}}.\n"
    assert spec(item)["description"] == "Reviews code. Use PROACTIVELY after every change."
    assert document(item)["metadata"] == {"name": "code-reviewer"}
    assert set(spec(item)["prompts"]["variables"]) == {"team"}


def test_everything_else_stays_in_runtime() -> None:
    kept = spec(import_one("claude", "reviewer.md", _REVIEWER))["runtime"]["claude"]
    assert (kept["source"], kept["name"]) == ("reviewer.md", "code-reviewer")
    assert set(kept["frontMatter"]) == {
        "tools",
        "disallowedTools",
        "model",
        "color",
        "permissionMode",
        "skills",
        "hooks",
    }


def test_tools_are_listed_and_nothing_is_said_about_what_they_do() -> None:
    item = import_one("claude", "reviewer.md", _REVIEWER)
    tools = {tool["name"]: tool["effect"] for tool in spec(item)["tools"]}
    assert tools == dict.fromkeys(["Read", "Grep", "Bash", "mcp__github__list_issues"], "irreversible")
    told = "\n".join(words(item))
    assert "the source allows it for git diff:*, git log" in told
    assert "the source allows mcp__jira__*; list those it may call" in told
    assert "the source takes away Write" in told


@pytest.mark.parametrize(
    ("line", "tools", "told"),
    [
        ("tools: [Read, Edit]", ["Read", "Edit"], ""),
        ("tools: Read", ["Read"], ""),
        ("tools: []", [], ""),
        ("color: red", [], "the agent has all of its session"),
    ],
)
def test_the_ways_to_list_tools(line: str, tools: list[str], told: str) -> None:
    item = import_one("claude", "a.md", f"---\nname: a\ndescription: b\n{line}\n---\nHi\n")
    assert [tool["name"] for tool in spec(item).get("tools", [])] == tools
    assert told in "\n".join(words(item))


@pytest.mark.parametrize(
    ("model", "primary", "told"),
    [
        ("inherit", "fill-in/model", "the source says 'inherit', so the session decides"),
        ("opus", "fill-in/model", "the source says 'opus'"),
        ("claude-sonnet-4-5", "fill-in/model", "'claude-sonnet-4-5', which is not provider/model"),
        ("anthropic/claude-sonnet-4-5", "anthropic/claude-sonnet-4-5", ""),
    ],
)
def test_a_model_is_taken_over_only_with_its_provider(model: str, primary: str, told: str) -> None:
    item = import_one("claude", "a.md", f"---\nname: a\ndescription: b\nmodel: {model}\n---\nHi\n")
    assert spec(item)["model"]["primary"] == primary
    assert told in "\n".join(words(item))


def test_what_has_no_word_here_is_told_with_its_line() -> None:
    item = import_one("claude", "reviewer.md", _REVIEWER)
    told = [(one.message.split(":")[0], one.where.line) for one in item.findings if one.code == "import.unsupported"]
    assert told == [("permissionMode", 8), ("hooks", 10)]
    (skills,) = [one for one in item.findings if one.code == "import.partial"]
    assert (skills.where.file, skills.where.line) == ("reviewer.md", 9)
    assert "the skill style is preloaded, and was not imported" in "\n".join(words(item))


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("README.md", "# Agents\n", "it has no front matter"),
        ("README.md", "---\n\nA line, and no end\n", "it has no front matter"),
        ("post.md", "---\ntitle: A post\n---\nHello\n", "its front matter has no name"),
        ("skills/x/SKILL.md", "---\nname: x\ndescription: y\n---\nHello\n", "a skill, not an agent"),
        ("a.md", "---\nname: [\n---\n", "line 3: "),
        ("a.md", "---\nname: a: b\ndescription: Use when: x\n---\nHi", "line 2: a colon and a space"),
        ("a.md", "---\n- a\n---\n", "line 2: the front matter is no mapping"),
        ("a.md", b"---\nname: \xff\n---\n", "not UTF-8"),
        ("a.md", b"---\nname: a\ndescription: b: \xff\n---\n", "not UTF-8"),
        ("a.md", "---\nname: ../../x\n---\nHi", "looks like a path"),
        ("a.md", '---\nname: "a\\u202eb"\n---\nHi', "U+202E"),
    ],
)
def test_what_is_no_agent_says_why(name: str, text: str | bytes, expected: str) -> None:
    assert expected in why_not("claude", name, text)


def test_a_description_that_is_no_yaml_is_taken_as_it_stands_and_told() -> None:
    said = 'Use this when: a "user" asks.\\n\\nExamples: <example>Context: x # y 😀</example>'
    item = import_one("claude", "a.md", f"---\nname: a\ndescription: {said}\nmodel: opus\n---\nHi\n")
    assert spec(item)["description"] == said
    (told,) = [one for one in item.findings if one.code == "import.unsupported"]
    assert (told.message, told.where.line) == ("the description is no YAML and was taken as it stands", 3)


def test_a_secret_in_the_prompt_stays_behind_and_is_told_at_its_line() -> None:
    token = "ghp_" + "0123456789abcdefABCD0123456789abcdefABCD"
    item = import_one("claude", "a.md", f"---\nname: a\ndescription: b\n---\nHi.\nUse {token} for it.\n")
    assert prompt(item) == "Hi.\nUse removed by import for it.\n"
    assert all(token.encode() not in data for data in item.files.values())
    assert [one.where.line for one in item.findings if one.code == "import.secret"] == [6]


def test_two_of_one_name_get_a_number_each_time_the_same() -> None:
    sources = [source(f"{folder}/a.md", f"---\nname: a\n---\nI am {folder}\n") for folder in ("x", "y", "z")]
    imported, _ = import_all("claude", sources, "sea")
    assert [(item.agent.name, item.renamed) for item in imported] == [("a", False), ("a-2", True), ("a-3", True)]
    before = {item.agent.name: item.origin for item in imported}
    again, _ = import_all("claude", list(reversed(sources)), "sea", before)
    assert {item.source: item.agent.name for item in again} == {"x/a.md": "a", "y/a.md": "a-2", "z/a.md": "a-3"}


def test_line_ends_of_windows_and_a_byte_order_mark_do_no_harm() -> None:
    item = import_one("claude", "a.md", "\ufeff---\r\nname: a\r\ndescription: b\r\n---\r\nHi\r\n")
    assert prompt(item) == "Hi\r\n"
    assert spec(item)["description"] == "b"
