"""`review import`: the reviews of a pull request from a file, with the importer's key."""

import json
from pathlib import Path
from typing import Any

import gitworld
import jsonschema
import msgspec
import pytest
from unit.cli.command_world import ACCESS, PROMPT, CommandWorld
from unit.cli.output_schema import assert_holds

from agentgov.errors import ConfigurationError
from agentgov.resources import folder
from agentgov.review.forge_reviews import ForgeReviews, read_forge_reviews

IMPORT = ("review", "import", "--facts")
PAGE = Path(__file__).parents[3] / "docs/reviews.md"
SCHEMA = json.loads((folder("schemas") / "input/forge-reviews.schema.json").read_text("utf-8"))
EXAMPLE = json.loads(PAGE.read_text("utf-8").partition("```json\n")[2].partition("```")[0])


@pytest.fixture
def forge(begun: CommandWorld) -> CommandWorld:
    """Bob has an account on github, an importer a key, and alice a change on a branch of hers."""
    gitworld.make_key(begun.keys, "importer")
    text = (begun.fleet / ACCESS).read_text("utf-8")
    key = gitworld.public_key(begun.keys / "importer")
    text = text.replace("bots:\n", f'bots:\n  - {{id: importer, kind: importer, keys: ["{key}"]}}\n')
    text = text.replace("emails: [bob@sim.example]", "emails: [bob@sim.example], github: {login: bob-gh, id: 1002}")
    begun.change("carol", {ACCESS: text})
    begun.must("carol", "review", "approve")
    begun.tick()
    begun.git("switch", "-q", "-c", "wording", who="alice")
    begun.change("alice", {PROMPT: "Sort tickets by urgency. Be brief.\n"}, "Be brief")
    return begun


def facts(world: CommandWorld, *reviews: dict[str, Any], **changes: Any) -> str:
    """A file with these reviews of the tip of the branch."""
    tip, base = world.git("rev-parse", "wording"), world.git("rev-parse", "origin/main")
    given = [{"account": 1002, "login": "bob-gh", "state": "APPROVED", "commit": tip, **one} for one in reviews]
    told = {**EXAMPLE, "base": base, "opener": 1001, "pushers": [1001], "reviews": given, **changes}
    file = world.folder / "facts.json"
    file.write_text(json.dumps(told))
    return str(file)


def key_of(world: CommandWorld, who: str = "importer") -> dict[str, str]:
    """The environment in which a bot's key signs."""
    return {"AGENTGOV_KEY_FILE": str(world.keys / who)}


def imported(world: CommandWorld, file: str, code: int = 0) -> dict[str, Any]:
    """What the command answers."""
    found: dict[str, Any] = world.asked("importer", *IMPORT, file, code=code, env=key_of(world))
    assert_holds(found, "review-import")
    return found


def test_approval_on_the_forge_passes_check_and_is_imported_once(forge: CommandWorld) -> None:
    file = facts(forge, {"id": "77"}, {"id": "78", "state": "COMMENTED"})
    found = imported(forge, file)
    assert [one["review"] for one in found["imported"]] == ["77"]
    assert found["imported"][0]["subject"].startswith("bob-gh of github approves 1 path at ")
    assert [one["review"] for one in found["skipped"]] == ["78"]
    assert forge.asked("alice", "check")["verdict"] == "pass"
    again = imported(forge, file)
    assert again["imported"] == []
    assert again["skipped"][0] == {"review": "77", "reason": "it has landed already"}
    assert again["journal"]["seq"] == found["journal"]["seq"]


def test_dismissal_takes_it_back_once(forge: CommandWorld) -> None:
    imported(forge, facts(forge, {"id": "77"}))
    dismissed = facts(forge, {"id": "77", "state": "DISMISSED"})
    assert [one["review"] for one in imported(forge, dismissed)["imported"]] == ["77"]
    assert imported(forge, dismissed)["imported"] == []
    assert forge.asked("alice", "check", code=1)["verdict"] == "pending"


def test_check_says_why_an_imported_review_does_not_count(forge: CommandWorld) -> None:
    imported(forge, facts(forge, {"id": "77", "account": 6666}))
    assert "account 6666 of github (bob-gh when it reviewed) is nobody's in Access" in forge.run("alice", "check").out
    answer = forge.asked("alice", "check", code=1)
    assert_holds(answer, "check")
    assert answer["reviews"] == [{"user": "github:6666", "opinion": "approve", "counted": False, "reason": "account"}]


def test_verdict_is_the_same_from_recorded_facts(forge: CommandWorld) -> None:
    imported(forge, facts(forge, {"id": "77"}, {"id": "78", "account": 6666}))
    file = str(forge.folder / "recorded.json")
    direct = forge.run("alice", "check", "--json", "--write-facts", file)
    assert forge.run("alice", "check", "--json", "--facts", file).out == direct.out


def test_commit_that_is_not_here_is_named_and_the_others_are_imported(forge: CommandWorld) -> None:
    found = imported(forge, facts(forge, {"id": "76", "commit": "a" * 40}, {"id": "77"}), code=3)
    assert [one["review"] for one in found["missing"]] == ["76"]
    assert [one["review"] for one in found["imported"]] == ["77"]


def test_it_takes_the_key_of_an_importer(forge: CommandWorld) -> None:
    file = facts(forge, {"id": "77"})
    for who, word in (("bob", "bob's own"), ("reconciler", "the bot reconciler's")):
        answer = forge.run("bob", *IMPORT, file, env=key_of(forge, who))
        assert answer.code == 1
        assert word in answer.err
    answer = forge.run("bob", *IMPORT, file)
    assert answer.code == 2
    assert "there is no key of an importer at hand" in answer.err
    assert "point AGENTGOV_KEY_FILE" in answer.err


def test_example_of_the_page_holds() -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    jsonschema.validate(EXAMPLE, SCHEMA)
    assert read_forge_reviews(json.dumps(EXAMPLE).encode(), "page").reviews


def _with(place: str, value: Any) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(json.dumps(EXAMPLE))
    where = told["reviews"][0] if place.startswith("reviews.") else told
    where[place.removeprefix("reviews.")] = value
    return told


BAD = [
    ("schema", "agentgov.facts/1"),
    ("forge", "gerrit"),
    ("base", "main"),
    ("base", "a" * 40 + "\n"),
    ("opener", 0),
    ("opener", "alice"),
    ("pushers", []),
    ("pushers", [10**18]),
    ("more", 1),
    ("reviews.id", "../x"),
    ("reviews.id", 77),
    ("reviews.login", "a b"),
    ("reviews.state", "approved"),
    ("reviews.commit", "main"),
    ("reviews.submitted", -1),
    ("reviews.more", 1),
]


@pytest.mark.parametrize(("place", "value"), BAD)
def test_schema_and_types_refuse_alike(place: str, value: object) -> None:
    told = _with(place, value)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(told, SCHEMA)
    with pytest.raises(ConfigurationError):
        read_forge_reviews(json.dumps(told).encode(), "file")


def test_schema_and_types_name_the_same_fields() -> None:
    review = SCHEMA["properties"]["reviews"]["items"]
    for node, kind in ((SCHEMA, ForgeReviews), (review, msgspec.structs.fields(ForgeReviews)[-1].type.__args__[0])):
        names = [one.encode_name for one in msgspec.structs.fields(kind)]
        assert (
            names
            == list(node["properties"])
            == [*node["required"], *(["submitted"] if kind is not ForgeReviews else [])]
        )


def test_what_is_no_such_file_is_told_in_a_sentence(forge: CommandWorld) -> None:
    file = forge.folder / "facts.json"
    for text in ("", "{", "[]", json.dumps({**EXAMPLE, "reviews": EXAMPLE["reviews"] * 2}), "[" * 100_000):
        file.write_text(text)
        answer = forge.run("importer", *IMPORT, str(file), env=key_of(forge))
        assert answer.code == 2
        assert "facts.json" in answer.err
        assert "Traceback" not in answer.err
