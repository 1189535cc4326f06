"""CrewAI: agents.yaml and the tasks.yaml beside it; prompts as CrewAI makes them, tasks with those who do them."""

import pytest
from unit.importers.imports import import_every, prompt, spec, why_not, words

_AGENTS = """researcher:
  role: >
    {topic} Senior Data Researcher
  goal: >
    Uncover cutting-edge developments in {topic}
  backstory: >
    You're a seasoned researcher. Answer as {"json": true}.
  llm: openai/gpt-4o
  tools: [SerperDevTool, scrape]
  allow_delegation: true
  verbose: true

reporting_analyst:
  role: Analyst
  goal: Write reports
  backstory: You know {topic}.
  llm: {model: gpt-4o-mini, temperature: 0.2, max_tokens: 900, base_url: "https://x.example", api_key: hunter2hunter2}
  function_calling_llm: openai/gpt-4o
  system_template: "x"
"""
_TASKS = """research_task:
  description: Research {topic} thoroughly.
  expected_output: A list with 10 bullet points
  agent: researcher
  tools: [search]
reporting_task:
  description: Review the context.
  expected_output: A report
  agent: reporting_analyst
  context: [research_task]
  human_input: true
  output_file: report.md
nobodys_task:
  description: x
  agent: manager
"""


def test_every_agent_has_the_name_of_its_key_and_the_prompt_that_crewai_makes() -> None:
    researcher, analyst = import_every("crewai", "config/agents.yaml", _AGENTS)
    assert [str(item.agent) for item in (researcher, analyst)] == ["sea/researcher", "sea/reporting-analyst"]
    assert prompt(researcher) == (
        'You are {{topic}} Senior Data Researcher. You\'re a seasoned researcher. Answer as {"json": true}.\n'
        "Your personal goal is: Uncover cutting-edge developments in {{topic}}\n"
    )
    assert set(spec(researcher)["prompts"]["variables"]) == {"topic"}
    assert spec(researcher)["description"] == "Uncover cutting-edge developments in {{topic}}"


def test_tasks_stand_in_the_prompt_of_the_agent_that_does_them() -> None:
    researcher, analyst = import_every("crewai", "agents.yaml", _AGENTS, tasks__yaml=_TASKS)
    assert prompt(researcher).endswith(
        "\n# Tasks\n\n## research_task\n\nResearch {{topic}} thoroughly.\n\n"
        "Expected output: A list with 10 bullet points\n"
    )
    assert "research_task" not in prompt(analyst)
    assert list(spec(analyst)["runtime"]["crewai"]["tasks"]) == ["reporting_task"]
    assert [tool["name"] for tool in spec(researcher)["tools"]] == ["SerperDevTool", "scrape", "search"]


def test_models() -> None:
    researcher, analyst = import_every("crewai", "agents.yaml", _AGENTS)
    assert spec(researcher)["model"]["primary"] == "openai/gpt-4o"
    assert spec(analyst)["model"] == {
        "primary": "fill-in/model",
        "params": {"max_output_tokens": 900, "temperature": 0.2},
    }
    told = "\n".join(words(analyst))
    assert "'gpt-4o-mini', which is not provider/model" in told
    assert "it also calls openai/gpt-4o (function_calling_llm)" in told
    assert "a service of its own answers" in told


def test_a_secret_is_told_for_the_agent_that_has_it_and_stays_behind() -> None:
    researcher, analyst = import_every("crewai", "agents.yaml", _AGENTS)
    assert all(b"hunter2" not in data for item in (researcher, analyst) for data in item.files.values())
    assert (words(researcher, "import.secret"), len(words(analyst, "import.secret"))) == ([], 1)


def test_what_agentgov_has_no_word_for_is_told_with_file_and_line() -> None:
    researcher, analyst = import_every("crewai", "agents.yaml", _AGENTS, tasks__yaml=_TASKS)
    told = [(one.where.file, one.where.line, one.message.split(":")[0]) for one in analyst.findings][-3:]
    assert told == [
        ("agents.yaml", 19, "system_template"),
        ("tasks.yaml", 11, "human_input of reporting_task"),
        ("tasks.yaml", 12, "output_file of reporting_task"),
    ]
    assert words(researcher, "import.unsupported") == ["the task nobodys_task is given to no agent of this file"]
    assert "it may hand work to the other agents of its crew: sea/reporting-analyst" in "\n".join(words(researcher))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (_TASKS, "not an agents.yaml of CrewAI"),
        ("services: {web: {image: nginx}}", "not an agents.yaml of CrewAI"),
        ("- a", "not an agents.yaml of CrewAI"),
        ("a: {role: x, goal: y}\na: {role: x, goal: y}", "line 2: "),
        ('"../../x": {role: x, goal: y}', "looks like a path"),
    ],
)
def test_what_is_no_crew_says_why(text: str, expected: str) -> None:
    assert expected in why_not("crewai", "agents.yaml", text)


def test_tasks_that_cannot_be_read_are_a_failure_and_not_left_out() -> None:
    assert why_not("crewai", "agents.yaml", _AGENTS, tasks__yaml="a: [").startswith("tasks.yaml beside it: line 2: ")
