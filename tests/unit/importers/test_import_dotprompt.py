"""Dotprompt: the template as it is, what the front matter says in words of agent.yaml, partials along with it."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.importers.imports import import_one, prompt, spec, why_not, words

from agentgov.importers.handlebars import scan

_SUPPORT = """# A licence

---
model: googleai/gemini-2.5-flash
config: {temperature: 0.7, topP: 0.9, maxOutputTokens: 2048, stopSequences: [END], apiVersion: v1}
tools: [searchWeb, {name: lookup, description: Looks up, inputSchema: {type: object, properties: {id: {type: string}}}}]
input:
  schema: {name: "string, the customer", age?: integer, "items(array)": string}
  default: {name: Jane}
output: {format: json}
---
{{role "system"}}
You help {{name}}.
{{#if age}}Age: {{age}}{{else}}No age{{/if}}
{{> footer}}
{{role "user"}}
{{media url=picture}} {{question}}
"""
_FOOTER = "---\nmodel: x/y\n---\nGoodbye {{name}}. {{> legal}}\n"


def _support(**more: str) -> str:
    files = {"_footer__prompt": _FOOTER, "_legal__prompt": "All rights {{reserved}}.", **more}
    return json.dumps(spec(import_one("dotprompt", "support.prompt", _SUPPORT, **files)))


def test_a_prompt_becomes_an_agent_named_after_its_file() -> None:
    item = import_one("dotprompt", "support.prompt", _SUPPORT)
    assert str(item.agent) == "sea/support"
    assert prompt(item) == _SUPPORT.partition("\n---\n")[2].partition("\n---\n")[2]
    model = spec(item)["model"]
    assert model["primary"] == "googleai/gemini-2.5-flash"
    assert model["params"] == {"temperature": 0.7, "top_p": 0.9, "max_output_tokens": 2048, "stop": ["END"]}
    assert spec(item)["runtime"]["dotprompt"]["frontMatter"]["input"]["default"] == {"name": "Jane"}


def test_tools_and_their_arguments() -> None:
    item = import_one("dotprompt", "support.prompt", _SUPPORT)
    search, lookup = spec(item)["tools"]
    assert search == {"name": "searchWeb", "effect": "irreversible"}
    assert (lookup["name"], lookup["description"]) == ("lookup", "Looks up")
    assert json.loads(prompt(item, "tools/lookup.schema.json"))["properties"] == {"id": {"type": "string"}}


def test_variables_have_the_types_of_the_schema_and_helpers_are_no_values() -> None:
    variables = spec(import_one("dotprompt", "support.prompt", _SUPPORT))["prompts"]["variables"]
    assert variables["name"] == {"type": "string", "untrusted": True, "description": "the customer"}
    assert variables["age"] == {"type": "integer", "untrusted": True}
    assert variables["question"]["untrusted"] is True
    for helper in ("role", "if", "else", "media"):
        assert "untrusted" not in variables[helper]


def test_partials_beside_it_come_along_and_so_do_theirs() -> None:
    files = {"_footer__prompt": _FOOTER, "_legal__prompt": "All rights {{reserved}}."}
    item = import_one("dotprompt", "support.prompt", _SUPPORT, **files)
    assert spec(item)["prompts"]["partials"] == ["prompts/partials/footer.md", "prompts/partials/legal.md"]
    assert prompt(item, "prompts/partials/footer.md") == "Goodbye {{name}}. {{> legal}}\n"
    assert "reserved" in spec(item)["prompts"]["variables"]
    assert words(item, "import.partial") == []


def test_a_partial_that_is_not_there_is_told_and_marked() -> None:
    item = import_one("dotprompt", "support.prompt", _SUPPORT)
    (told,) = [one for one in item.findings if one.code == "import.partial"]
    assert (told.message, told.where.line) == (
        "the template includes footer, and _footer.prompt does not lie beside it",
        15,
    )
    assert "prompts: it includes footer, and _footer.prompt does not lie beside it" in words(item)


def test_partials_that_include_each_other_end() -> None:
    files = {"_a__prompt": "{{> b}}", "_b__prompt": "{{> a}}"}
    item = import_one("dotprompt", "x.prompt", "{{> a}}", **files)
    assert words(item, "import.partial") == ["the template includes a, which includes itself"]
    assert len(spec(item)["prompts"]["partials"]) == 2


def test_what_agentgov_does_not_look_into_is_told() -> None:
    told = words(import_one("dotprompt", "support.prompt", _SUPPORT), "import.unsupported")
    assert told == [
        "output: agent.yaml has no word for it, it stays in runtime",
        "the text also speaks for the roles user; agentgov governs it as one text",
        "names that only helpers use are not looked for as variables: age, picture, url",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello {{name", "line 1: a tag is opened with {{ and not closed"),
        ("---\nmodel: a/b\n---\n\nHi {{#if x\n\n{{/role}}", "line 5: a tag is opened"),
        ("{{#if x}}\nHi", "line 1: the block {{#if}} is not closed"),
        ("Hi\n{{/if}}", "line 2: {{/if}} closes no block"),
        ("{{#a}}{{#b}}{{/a}}{{/b}}", "line 1: {{/a}} closes no block"),
        ("{{! never closed", "line 1: a tag"),
        ("{{!-- never closed }}", "line 1: a tag"),
        ("---\nmodel: a/b\n---\n  \n", "a prompt without text"),
        ("---\nmodel: [\n---\nHi", "line 3: "),
        (b"\xff", "not UTF-8"),
    ],
)
def test_what_no_framework_could_read_is_a_failure_with_its_line(text: str | bytes, expected: str) -> None:
    assert expected in why_not("dotprompt", "x.prompt", text)


def test_a_partial_alone_is_no_agent() -> None:
    assert "a partial" in why_not("dotprompt", "deep/_footer.prompt", "Bye")


@pytest.mark.parametrize(
    "text",
    [
        "{{! a {{ in a comment }} Hi {{name}}",
        "{{!-- {{#if}} }} --}} Hi",
        "{{{raw}}} {{~#if x~}} a {{~else~}} b {{~/if~}}",
        "{{#> layout}}Hi{{/layout}}",
        "{{^x}}none{{/x}}",
        "}} alone is text",
    ],
)
def test_what_handlebars_takes_is_imported(text: str) -> None:
    assert scan(text).problems == []
    assert prompt(import_one("dotprompt", "x.prompt", text)) == f"{text}\n"


@settings(max_examples=150)
@given(st.text(st.sampled_from("{}#/>^!-~ aif\n\"'"), max_size=60))
def test_no_template_makes_it_crash_or_hang(text: str) -> None:
    assert all(line >= 1 for line, _ in scan(text).problems)
