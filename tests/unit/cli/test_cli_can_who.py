"""`can` and `who` on real files and real commits: the answer, the binding at its line, and the exit code."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from gitworld import git, make_repository, write_files

from agentgov.cli.main import status

_ROOT = Path(__file__).resolve().parents[3]
_FLEET = """apiVersion: agentgov.dev/v1
kind: Fleet
id: 6f0c2b1e-8d4a-4c57-9a3e-0b1c2d3e4f50
name: acme
commits: any
journal: {maxAge: 52w}
"""
_PIPELINE = """apiVersion: agentgov.dev/v1
kind: Pipeline
stages:
  - {name: staging, environment: staging}
  - {name: canary, environment: production, steps: [{share: 5%}], judge: none}
  - {name: production, environment: production}
"""
_ACCESS = """apiVersion: agentgov.dev/v1
kind: Access
administrators: {who: [carol], threshold: 1}
people:
  - {id: carol}
  - {id: alice, emails: [alice@acme.example]}
  - {id: erin}
bots:
  - {id: gate, kind: gate}
teams:
  - {id: support, members: [alice]}
roles:
  - {name: on-call, verbs: [pause, rollback]}
bindings:
  - {role: operator, who: ["team:support"], agents: ["support/*"], environments: [staging]}
  - {role: on-call, who: [erin], environments: [production]}
  - {role: viewer, who: [erin], until: 2020-01-31}
"""
_LINES = {"administrators": 3, "operator": 15, "on-call": 16, "viewer": 17}


@pytest.fixture
def fleet(tmp_path: Path) -> Path:
    make_repository(tmp_path)
    write_files(
        tmp_path,
        {"agentgov.yaml": _FLEET, "governance/pipeline.yaml": _PIPELINE, "governance/access.yaml": _ACCESS},
    )
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "start")
    return tmp_path


def _json(capsys: pytest.CaptureFixture[str], fleet: Path, *arguments: str) -> tuple[int, dict[str, Any]]:
    code = status([*arguments, "--repo", str(fleet), "--json"])
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    schema = json.loads((_ROOT / f"schemas/output/{arguments[0]}.schema.json").read_text())
    jsonschema.Draft7Validator.check_schema(schema)
    jsonschema.Draft7Validator(schema).validate(document)
    return code, document


@pytest.mark.parametrize(
    ("question", "code", "rule", "line"),
    [
        ("alice pause support/x --environment staging", 0, "access.binding", "operator"),
        ("alice@acme.example review support/x", 0, "access.binding", "operator"),
        ("alice pause support/x", 1, "access.production-explicit", "operator"),
        ("alice pause hr/x --environment staging", 1, "access.no-binding", None),
        ("erin pause support/x", 0, "access.binding", "on-call"),
        ("erin pause", 0, "access.binding", "on-call"),
        ("erin promote support/x", 1, "access.no-binding", None),
        ("erin view support/x", 1, "access.expired", "viewer"),
        ("carol administer", 0, "access.administrator", "administrators"),
        ("mallory view support/x", 1, "access.unknown-person", None),
        ("m@acme.example view support/x", 1, "access.unknown-person", None),
        ("gate pause support/x", 0, "access.bot", None),
        ("gate rollback support/x", 1, "access.bot", None),
        ("carol permit support/x", 1, "access.permit-by-rule", None),
        ("carol advance support/x", 1, "access.unknown-verb", None),
    ],
)
def test_can_answers_with_the_binding_and_its_line(
    capsys: pytest.CaptureFixture[str], fleet: Path, question: str, code: int, rule: str, line: str | None
) -> None:
    found, document = _json(capsys, fleet, "can", *question.split())
    assert (found, document["allowed"]) == (code, code == 0)
    reason = next(reason for reason in document["reasons"] if reason["effect"] in ("allow", "deny"))
    assert reason["rule"] == rule
    if line:
        assert (reason["where"]["file"], reason["where"]["line"]) == ("governance/access.yaml", _LINES[line])


def test_can_says_it_in_words(capsys: pytest.CaptureFixture[str], fleet: Path) -> None:
    assert status(["can", "alice@acme.example", "promote", "support/x", "--repo", str(fleet)]) == 1
    assert capsys.readouterr().out == (
        "no  alice may not promote support/x in production\n"
        "  operator on support/* in staging through team:support does not list production  governance/access.yaml:15\n"
        "by the governance of the working tree\n"
    )
    assert status(["can", "erin", "pause", "--repo", str(fleet / "governance")]) == 0
    assert capsys.readouterr().out == (
        "yes  erin may pause the whole fleet in production\n"
        "  on-call on ** in production gives pause  governance/access.yaml:16\n"
        "by the governance of the working tree\n"
    )


def test_can_says_the_right_in_words_where_its_name_is_no_verb(capsys: pytest.CaptureFixture[str], fleet: Path) -> None:
    assert status(["can", "erin", "rollback", "support/x", "--repo", str(fleet)]) == 0
    assert capsys.readouterr().out.startswith("yes  erin may roll back support/x in production\n")
    assert status(["can", "alice", "view-audit", "--repo", str(fleet)]) == 1
    assert capsys.readouterr().out.startswith("no  alice may not see journal and ledger of the whole fleet\n")
    assert status(["can", "nobody", "advance", "--repo", str(fleet)]) in (1, 2)


def test_a_revision_answers_for_itself(capsys: pytest.CaptureFixture[str], fleet: Path) -> None:
    path = fleet / "governance/access.yaml"
    path.write_text(_ACCESS.replace("who: [carol]", "who: [carol, alice]"))
    assert _json(capsys, fleet, "can", "alice", "administer")[0] == 0
    code, document = _json(capsys, fleet, "can", "alice", "administer", "--at", "main")
    assert code == 1
    assert document["source"].startswith("commit ")
    _, listed = _json(capsys, fleet, "who", "administer", "--at", "HEAD")
    assert [grant["person"] for grant in listed["grants"]] == ["carol"]


@pytest.mark.parametrize(
    ("question", "people"),
    [
        ("pause", [("alice", "operator"), ("carol", "administrators"), ("erin", "on-call")]),
        ("pause support/x", [("alice", "operator"), ("carol", "administrators"), ("erin", "on-call")]),
        ("pause support/x --environment production", [("carol", "administrators"), ("erin", "on-call")]),
        ("pause hr/x --environment staging", [("carol", "administrators")]),
        ("review support/x", [("alice", "operator"), ("carol", "administrators")]),
        ("view support/x", [("alice", "operator"), ("carol", "administrators")]),
        ("permit support/x", []),
        ("view-audit", []),
    ],
)
def test_who_lists_everyone_with_their_binding(
    capsys: pytest.CaptureFixture[str], fleet: Path, question: str, people: list[tuple[str, str]]
) -> None:
    code, document = _json(capsys, fleet, "who", *question.split())
    assert code == 0
    found = [(grant["person"], grant["where"]["line"]) for grant in document["grants"]]
    assert found == [(person, _LINES[line]) for person, line in people]


def test_who_says_it_in_a_table(capsys: pytest.CaptureFixture[str], fleet: Path) -> None:
    assert status(["who", "rollback", "hr/x", "--environment", "production", "--repo", str(fleet)]) == 0
    assert capsys.readouterr().out == (
        "PERSON  BY                                               UNTIL  WHERE\n"
        "carol   administrator (an operator's rights everywhere)         governance/access.yaml:3\n"
        "erin    on-call on ** in production                             governance/access.yaml:16\n"
        "by the governance of the working tree\n"
    )
    assert status(["who", "permit", "--repo", str(fleet)]) == 0
    assert "nobody may permit any agent\nan agent's action rules name" in capsys.readouterr().out


def test_who_says_which_role_gives_what_nobody_may(capsys: pytest.CaptureFixture[str], fleet: Path) -> None:
    access = fleet / "governance/access.yaml"
    access.write_text("".join(one for one in access.read_text().splitlines(True) if "auditor" not in one))
    assert status(["who", "view-audit", "--repo", str(fleet)]) == 0
    assert "\nwho has it by their role: auditor, in a binding of governance/access.yaml\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["can", "alice", "paus", "support/x"], "Did you mean 'pause'?"),
        (["who", "advance"], "there is no verb 'advance'"),
        (["can", "alice", "pause", "Support/x"], "not an agent's id"),
        (["can", "alice", "pause", "support"], "not an agent's id"),
        (["can", "alice", "pause", "support/x", "--environment", "canary"], "'canary' is not one of"),
        (["can", "alice"], "Missing argument"),
        (["can", "alice", "pause", "--at", "nowhere"], "nowhere"),
    ],
)
def test_a_question_that_makes_no_sense_is_a_usage_error(
    capsys: pytest.CaptureFixture[str], fleet: Path, arguments: list[str], message: str
) -> None:
    assert status([*arguments, "--repo", str(fleet)]) == 2
    told = capsys.readouterr()
    assert message in told.err
    assert told.out == ""


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("threshold: 1", "threshold: 2", "governance/access.yaml:3:43: the administrators' threshold of 2"),
        ("who: [erin], env", "who: [eve], env", "governance/access.yaml:16:27: eve means nobody"),
        ("kind: Access", "kind: Acces", "governance/access.yaml:2"),
        ("administrators:", "administrator:", "(and 1 more)"),
        ("bindings:", "bindings: [", "governance/access.yaml"),
    ],
)
def test_an_access_that_cannot_be_used_answers_nothing(
    capsys: pytest.CaptureFixture[str], fleet: Path, old: str, new: str, message: str
) -> None:
    path = fleet / "governance/access.yaml"
    path.write_text(_ACCESS.replace(old, new))
    for question in (["can", "carol", "administer"], ["who", "administer"]):
        assert status([*question, "--repo", str(fleet)]) == 2
        told = capsys.readouterr()
        assert told.out == ""
        assert message in told.err
        assert "agentgov validate" in told.err


def test_outside_a_repository_and_in_a_bare_one(
    capsys: pytest.CaptureFixture[str], fleet: Path, tmp_path: Path
) -> None:
    git(fleet, "clone", "-q", "--bare", ".", "bare.git")
    assert status(["can", "carol", "administer", "--repo", str(fleet / "bare.git")]) == 2
    assert "--at main" in capsys.readouterr().err
    assert status(["can", "carol", "administer", "--at", "main", "--repo", str(fleet / "bare.git")]) == 0
    assert status(["can", "carol", "administer", "--repo", "/nonexistent"]) == 2


def test_a_name_cannot_write_to_the_terminal(capsys: pytest.CaptureFixture[str], fleet: Path) -> None:
    assert status(["can", "\x1b[2Jx", "view", "--repo", str(fleet)]) == 1
    assert "\x1b" not in capsys.readouterr().out
