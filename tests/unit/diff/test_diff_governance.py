"""Every change of what is allowed is told, and only what certainly tightens is called so."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from unit.diff.diff_sample import copy

from agentgov.diff.governance import compare_governance, other_files, typed_files
from agentgov.diff.governance_fields import class_of, listed
from agentgov.model.fleet import Governance
from agentgov.model.merge import merge_patch

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAHb4BU3CntSika4VSHbbCrmA5gXO8CXG5sB carol"
CAROL = {"id": "carol", "name": "Carol", "keys": [KEY], "emails": ["carol@acme.example"]}
DAVE = {"id": "dave", "keys": [KEY.replace("carol", "dave")]}
RULE = {"name": "powers", "when": {"changed": ["tools"]}, "approvals": 1, "from": ["team:security"]}
BINDING = {"role": "operator", "who": ["carol"], "agents": ["support/*"], "environments": ["staging"]}
STEPS = [{"share": "5%", "soak": "30m"}, {"share": "50%", "soak": "1h"}]
DOCUMENT: dict[str, Any] = {
    "fleet": {"id": "1", "name": "acme", "reviews": {"default": {"approvals": 2}, "rules": [RULE], "expire": "7d"}},
    "access": {
        "administrators": {"who": ["carol", "dave"], "threshold": 2},
        "people": [CAROL, DAVE],
        "bots": [{"id": "gate", "kind": "gate", "keys": [KEY.replace("carol", "gate")]}],
        "teams": [{"id": "security", "members": ["dave"], "handles": ["@acme/security"]}],
        "roles": [{"name": "on-call", "verbs": ["pause"]}],
        "bindings": [BINDING],
    },
    "pipeline": {
        "stages": [
            {"name": "staging", "environment": "staging", "soak": "30m"},
            {"name": "canary", "environment": "production", "steps": STEPS, "judge": {"thetaMax": 2}},
            {"name": "production", "environment": "production", "promoters": {"count": 1, "from": ["carol"]}},
        ]
    },
    "workspaces": {"support": {"name": "support", "owner": "team:security", "budget": {"month": "2000 USD"}}},
    "codeowners": "* @acme/platform\n# people\n/agents/a/   @acme/a\n/agents/b/ @acme/b\n",
    "codeownersFile": ".github/CODEOWNERS",
}


def governance(patch: dict[str, Any] | None = None) -> Governance:
    return msgspec.convert(merge_patch(copy(DOCUMENT), patch or {}), Governance)


def told(patch: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(found.field, found.klass, found.summary) for found in compare_governance(governance(), governance(patch))]


CASES: list[tuple[dict[str, Any], str, str, str]] = [
    ({"access": {"people": [CAROL]}}, "access.people.removed", "tightens", "person dave removed"),
    ({"access": {"people": [CAROL, DAVE, {"id": "eve"}]}}, "access.people.added", "loosens", "person eve added"),
    (
        {"access": {"people": [{**CAROL, "keys": [KEY, "ssh-ed25519 AAAABBBBCCCCDDDD x"]}, DAVE]}},
        "access.people.keys.added",
        "loosens",
        "person carol, key ssh-ed25519 ...CCCCDDDD x added",
    ),
    (
        {"access": {"people": [{**CAROL, "name": "C."}, DAVE]}},
        "access.people.name.changed",
        "neutral",
        "person carol: name Carol -> C.",
    ),
    (
        {"access": {"administrators": {"threshold": 1}}},
        "access.administrators.threshold.lowered",
        "loosens",
        "administrators threshold 2 -> 1",
    ),
    (
        {"access": {"administrators": {"who": ["dave"]}}},
        "access.administrators.who.removed",
        "tightens",
        "administrators, carol removed",
    ),
    (
        {"access": {"teams": [{"id": "security", "members": ["dave", "eve"], "handles": ["@acme/security"]}]}},
        "access.teams.members.added",
        "loosens",
        "team security, member eve added",
    ),
    (
        {"access": {"bindings": []}},
        "access.bindings.removed",
        "tightens",
        "binding operator for carol on support/* in staging removed",
    ),
    (
        {"access": {"bindings": [{**BINDING, "until": "2030-01-01"}]}},
        "access.bindings.until.added",
        "tightens",
        "binding operator for carol on support/* in staging: until 2030-01-01 added",
    ),
    (
        {"fleet": {"reviews": {"rules": []}}},
        "fleet.reviews.rules.removed",
        "loosens",
        "reviews, review rule powers removed",
    ),
    (
        {"fleet": {"reviews": {"default": {"approvals": 1}}}},
        "fleet.reviews.default.approvals.lowered",
        "loosens",
        "reviews default approvals 2 -> 1",
    ),
    (
        {"fleet": {"reviews": {"rules": [{**RULE, "when": {"changed": []}}]}}},
        "fleet.reviews.rules.when.changed.removed",
        "loosens",
        "reviews, review rule powers, when, changed tools removed",
    ),
    (
        {"fleet": {"reviews": {"stale": "any-push"}}},
        "fleet.reviews.stale.raised",
        "tightens",
        "reviews stale owned-paths -> any-push",
    ),
    ({"fleet": {"reviews": {"expire": "2w"}}}, "fleet.reviews.expire.raised", "loosens", "reviews expire 7d -> 2w"),
    ({"fleet": {"commits": "any"}}, "fleet.commits.lowered", "loosens", "commits forge-merges -> any"),
    (
        {"pipeline": {"freezes": [{"name": "xmas", "when": "FREQ=YEARLY"}]}},
        "pipeline.freezes.added",
        "tightens",
        "freeze xmas added",
    ),
    (
        {"fleet": {"delivery": {"webhooks": [{"url": "https://a.example"}]}}},
        "fleet.delivery.webhooks.added",
        "loosens",
        "delivery, webhook https://a.example added",
    ),
    (
        {"pipeline": {"counts": {"prometheus": {"units": "a"}}}},
        "pipeline.counts.prometheus.added",
        "loosens",
        "counts prometheus {units: a, bad: {}} added",
    ),
    (
        {"workspaces": {"support": {"budget": {"month": "2000.01 USD"}}}},
        "workspaces.budget.month.raised",
        "loosens",
        "workspace support: budget month 2000 USD -> 2000.01 USD",
    ),
    (
        {"workspaces": {"support": {"budget": {"rolling": {"24h": "90.00 USD"}}}}},
        "workspaces.budget.rolling.added",
        "tightens",
        "workspace support, budget of any 24h added",
    ),
    ({"fleet": {"budget": {"day": "9.00 USD"}}}, "fleet.budget.day.added", "tightens", "budget day 9.00 USD added"),
    (
        {"fleet": {"budget": {"onLimit": "alert"}}},
        "fleet.budget.onLimit.lowered",
        "loosens",
        "budget onLimit deny -> alert",
    ),
    ({"fleet": {"budget": {"alertAt": [0.5]}}}, "fleet.budget.alertAt.added", "tightens", "budget, share 0.5 added"),
    (
        {"fleet": {"budget": {"zone": "Asia/Tokyo"}}},
        "fleet.budget.zone.added",
        "loosens",
        "budget zone Asia/Tokyo added",
    ),
    (
        {"workspaces": {"support": {"risk": {"floor": "high"}}}},
        "workspaces.risk.floor.raised",
        "tightens",
        "workspace support: risk floor low -> high",
    ),
    (
        {"workspaces": {"support": {"models": {"allow": ["a/*"]}}}},
        "workspaces.models.allow.closed",
        "tightens",
        "workspace support: models allow everything -> a/*",
    ),
    ({"workspaces": {"hr": {"name": "hr", "owner": "carol"}}}, "workspaces.added", "loosens", "workspace hr added"),
    ({"workspaces": {"support": None}}, "workspaces.removed", "loosens", "workspace support removed"),
    ({"codeowners": DOCUMENT["codeowners"] + "* @eve\n"}, "codeowners.added", "loosens", "line 5 added: * @eve"),
    (
        {"codeowners": "* @acme/platform\n/agents/a/ @acme/a\n"},
        "codeowners.removed",
        "loosens",
        "line 4 removed: /agents/b/ @acme/b",
    ),
    (
        {"codeownersFile": "CODEOWNERS"},
        "codeowners.file.changed",
        "loosens",
        "the file that decides: .github/CODEOWNERS -> CODEOWNERS",
    ),
]


@pytest.mark.parametrize(("patch", "field", "klass", "summary"), CASES, ids=[case[1] for case in CASES])
def test_a_change_of_governance(patch: dict[str, Any], field: str, klass: str, summary: str) -> None:
    assert told(patch) == [(field, klass, summary)]


def test_steps_are_compared_by_turn() -> None:
    stages = copy(DOCUMENT)["pipeline"]["stages"]
    stages[1]["steps"][0]["share"] = "20%"
    stages[1]["steps"].pop()
    assert told({"pipeline": {"stages": stages}}) == [
        ("pipeline.stages.steps.share.raised", "loosens", "stage canary, step 1: share 5% -> 20%"),
        ("pipeline.stages.steps.removed", "loosens", "stage canary, step 2 removed"),
    ]
    stages = copy(DOCUMENT)["pipeline"]["stages"]
    stages[1]["judge"] = "none"
    assert [field for field, *_ in told({"pipeline": {"stages": stages}})] == ["pipeline.stages.judge.changed"]


def test_of_pipelines_the_order_counts_as_the_first_that_fits_decides() -> None:
    stages = copy(DOCUMENT)["pipeline"]["stages"]
    strict = [copy(stages[0]) | {"soak": "2h"}, *stages[1:]]
    one = {"name": "a", "match": {"risk": ["high"]}, "stages": stages}
    other = {"name": "b", "match": {"labels": {"tier": "batch"}}, "stages": stages}

    def between(before: list[Any], after: list[Any]) -> set[tuple[str, str]]:
        pair = (governance({"pipeline": {"pipelines": found}}) for found in (before, after))
        return {(found.field, found.klass) for found in compare_governance(*pair)}

    assert ("pipeline.pipelines.name.changed", "loosens") in between([one, other], [other, one])
    assert between([one], [{**one, "stages": strict}]) == {("pipeline.pipelines.stages.soak.raised", "tightens")}
    assert between([{**one, "stages": strict}], [one]) == {("pipeline.pipelines.stages.soak.lowered", "loosens")}
    assert between([one], []) == {("pipeline.pipelines.removed", "loosens")}


def test_an_allow_list_that_is_emptied_opens() -> None:
    closed = governance({"workspaces": {"support": {"models": {"allow": ["a/*", "b/*"]}}}})
    fewer = governance({"workspaces": {"support": {"models": {"allow": ["a/*"]}}}})
    assert [(found.field, found.klass) for found in compare_governance(closed, fewer)] == [
        ("workspaces.models.allow.removed", "tightens")
    ]
    assert [(found.field, found.klass) for found in compare_governance(fewer, governance())] == [
        ("workspaces.models.allow.opened", "loosens")
    ]


def test_order_comments_and_spelling_are_no_change() -> None:
    assert told({}) == []
    assert told({"access": {"people": [DAVE, CAROL]}}) == []
    assert told({"workspaces": {"support": {"budget": {"month": "2000.00 USD"}}}}) == []
    assert told({"codeowners": "# new\n*   @acme/platform\n/agents/a/ @acme/a\n\n/agents/b/\t@acme/b"}) == []


def test_lines_of_codeowners_that_change_places_are_told() -> None:
    swapped = "* @acme/platform\n/agents/b/ @acme/b\n/agents/a/ @acme/a\n"
    assert [field for field, *_ in told({"codeowners": swapped})] == ["codeowners.added", "codeowners.removed"]


def test_places_are_those_of_the_file() -> None:
    (found,) = compare_governance(governance(), governance({"access": {"people": [CAROL, {**DAVE, "keys": []}]}}))
    assert (found.path, found.pointer) == ("governance/access.yaml", "/people/1/keys/0")


def test_governance_as_a_whole() -> None:
    assert compare_governance(None, None) == ()
    assert [found.field for found in compare_governance(None, governance())] == ["governance.added"]
    (gone,) = compare_governance(governance(), None)
    assert (gone.field, gone.klass) == ("governance.removed", "loosens")


def test_files_of_which_nothing_was_told_are_named() -> None:
    changed = {
        "governance/access.yaml",
        "agentgov.yaml",
        ".github/workflows/ci.yml",
        "governance/new.yaml",
        "README.md",
    }
    found = other_files(changed, {"agentgov.yaml"}, typed_files(governance()))
    assert [(item.field, item.path) for item in found] == [
        ("governance.file.changed", ".github/workflows/ci.yml"),
        ("governance.rewritten", "governance/access.yaml"),
        ("governance.file.changed", "governance/new.yaml"),
    ]


def names(kind: msgspec.inspect.Type, name: str = "") -> Iterator[str]:
    """The name of every value in a type: keys by dots, lists and mappings by their own name."""
    yield name
    match kind:
        case msgspec.inspect.StructType(fields=fields):
            for field in fields:
                yield from names(field.type, f"{name}.{field.encode_name}".strip("."))
        case msgspec.inspect.VarTupleType(item_type=item):
            yield from names(item, name)
        case msgspec.inspect.DictType(value_type=value):
            yield from names(value, name)
        case msgspec.inspect.UnionType(types=types):
            for option in types:
                yield from names(option, name)


def test_every_name_that_does_not_loosen_is_a_value_of_governance() -> None:
    known = set(names(msgspec.inspect.type_info(Governance)))
    assert sorted(name for name in listed() if name.rpartition(".")[0] not in known | {"governance"}) == []


def test_a_name_that_nobody_listed_loosens() -> None:
    assert class_of("access.people.halo.added") == "loosens"
