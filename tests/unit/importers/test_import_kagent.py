"""kagent: agents in manifests of Kubernetes, with the model, the prompt and the servers that stand beside them."""

from typing import Any

import pytest
from unit.importers.imports import import_every, import_one, prompt, spec, why_not, words

_MANIFESTS = """apiVersion: v1
kind: Secret
metadata: {name: openai, namespace: ai}
stringData: {key: sk-live-hunter2hunter2}
---
apiVersion: kagent.dev/v1alpha2
kind: ModelConfig
metadata: {name: gpt, namespace: ai}
spec:
  provider: OpenAI
  model: gpt-4o
  apiKeySecret: openai
  apiKeySecretKey: key
  openAI: {temperature: "0.3", maxTokens: 2000, baseUrl: "https://proxy.example"}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: prompts, namespace: ai}
data: {system: "You look after the cluster."}
---
apiVersion: kagent.dev/v1alpha2
kind: RemoteMCPServer
metadata: {name: k8s-tools, namespace: ai}
spec: {url: "http://k8s-tools:8084/mcp", protocol: STREAMABLE_HTTP}
---
apiVersion: kagent.dev/v1alpha2
kind: Agent
metadata: {name: k8s-agent, namespace: ai}
spec:
  description: Looks after a cluster
  type: Declarative
  declarative:
    modelConfig: gpt
    systemMessageFrom: {type: ConfigMap, name: prompts, key: system}
    tools:
      - type: McpServer
        mcpServer:
          {kind: RemoteMCPServer, name: k8s-tools, toolNames: [get_pods, delete_pod], requireApproval: [delete_pod]}
      - {type: McpServer, mcpServer: {kind: RemoteMCPServer, name: elsewhere}}
      - {type: Agent, agent: {name: helper}}
    a2aConfig: {skills: []}
---
apiVersion: kagent.dev/v1alpha1
kind: Agent
metadata: {name: helper, namespace: ai}
spec:
  description: Helps
  systemMessage: Help with {{thing}}.
  modelConfig: missing-config
  tools: [{type: Builtin, builtin: {name: kagent.tools.Now}}, {type: Odd}]
  memory: [vector]
"""


def test_agents_of_both_versions_are_found_among_other_resources() -> None:
    agent, helper = import_every("kagent", "all.yaml", _MANIFESTS)
    assert [str(item.agent) for item in (agent, helper)] == ["sea/k8s-agent", "sea/helper"]
    assert prompt(agent) == "You look after the cluster.\n"
    assert prompt(helper) == "Help with {{thing}}.\n"
    assert spec(agent)["description"] == "Looks after a cluster"


def test_a_model_that_stands_in_the_file_comes_along_and_its_secret_as_a_reference() -> None:
    agent, helper = import_every("kagent", "all.yaml", _MANIFESTS)
    assert spec(agent)["model"] == {
        "primary": "openai/gpt-4o",
        "params": {"max_output_tokens": 2000, "temperature": 0.3},
    }
    assert spec(agent)["connections"] == {"model_key": {"secretRef": "k8s:ai/openai#key"}}
    assert spec(agent)["runtime"]["kagent"]["modelConfig"]["spec"]["apiKeySecret"] == "openai"
    assert spec(helper)["model"]["primary"] == "fill-in/model"
    assert all(b"hunter2" not in data for data in (*agent.files.values(), *helper.files.values()))


def test_tools_are_those_that_are_named() -> None:
    agent, helper = import_every("kagent", "all.yaml", _MANIFESTS)
    assert [tool["name"] for tool in spec(agent)["tools"]] == ["get_pods", "delete_pod"]
    told = "\n".join(words(agent))
    assert "effect of delete_pod: read, write or irreversible; the source asks a person before it" in told
    assert "does not list the tools of RemoteMCPServer elsewhere" in told
    assert "it hands work to the agent sea/helper" in told
    assert list(spec(agent)["runtime"]["kagent"]["servers"]) == ["k8s-tools"]
    assert [tool["name"] for tool in spec(helper)["tools"]] == ["kagent.tools.Now"]


def test_what_is_not_in_the_file_or_has_no_word_is_told() -> None:
    _, helper = import_every("kagent", "all.yaml", _MANIFESTS)
    assert words(helper, "import.partial") == [
        "helper refers to the ModelConfig missing-config, which was not in the file"
    ]
    assert words(helper, "import.unsupported") == [
        "memory of helper: agent.yaml has no word for it, it stays in runtime"
    ]
    assert "runtime: it refers to the ModelConfig missing-config, which was not in the file" in words(helper)


def test_a_prompt_in_a_secret_is_not_looked_up() -> None:
    text = _MANIFESTS.replace("{type: ConfigMap, name: prompts", "{type: Secret, name: openai")
    agent, _ = import_every("kagent", "all.yaml", text)
    assert prompt(agent) == ""
    assert "the prompt in Secret openai" in "\n".join(words(agent, "import.partial"))


def test_an_agent_that_brings_its_own_image_is_imported_without_a_prompt() -> None:
    text = "apiVersion: kagent.dev/v1alpha2\nkind: Agent\nmetadata: {name: own}\n"
    text += "spec: {type: BYO, byo: {deployment: {image: x.example/a}}}"
    item = import_one("kagent", "a.yaml", text)
    assert spec(item)["runtime"]["kagent"]["resource"]["spec"]["byo"] == {"deployment": {"image": "x.example/a"}}
    assert len(words(item, "import.unsupported")) == 1


def test_one_name_in_two_namespaces_is_two_agents() -> None:
    one = (
        "apiVersion: kagent.dev/v1alpha2\nkind: Agent\nmetadata: {name: a, namespace: NS}\nspec: {systemMessage: Hi}\n"
    )
    items = import_every("kagent", "a.yaml", one.replace("NS", "x") + "---\n" + one.replace("NS", "y"))
    assert [str(item.agent) for item in items] == ["sea/a", "sea/a-y"]


def test_a_list_is_looked_into() -> None:
    one: dict[str, Any] = {"apiVersion": "kagent.dev/v1alpha2", "kind": "Agent", "metadata": {"name": "a"}, "spec": {}}
    item = import_one("kagent", "a.json", str({"apiVersion": "v1", "kind": "List", "items": [one]}).replace("'", '"'))
    assert str(item.agent) == "sea/a"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition", "it holds CustomResourceDefinition"),
        ("apiVersion: kaos.tools/v1\nkind: Agent\nmetadata: {name: a}", "no agent of kagent.dev: it holds Agent"),
        ("# nothing", "it holds no resource"),
        ("- a", "it holds no resource"),
        ("kind: {{ .Values.kind }}", "line 1: "),
        ("apiVersion: kagent.dev/v1\nkind: Agent", "the name is empty"),
        ("a: 1\n---\nkind: Agent\nkind: Agent", "line 4: "),
    ],
)
def test_what_holds_no_agent_says_what_it_holds(text: str, expected: str) -> None:
    assert expected in why_not("kagent", "a.yaml", text)
