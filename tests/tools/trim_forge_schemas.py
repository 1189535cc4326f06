"""Cut GitHub's own descriptions of its API and webhooks down to what agentgov uses, for the tests to validate against.

    python tests/tools/trim_forge_schemas.py build/forge-schemas [--check]

reads the two npm packages that `.ci/forge-schemas` puts there and writes `tests/data/github-*.json`; with --check it
compares instead and fails where they differ. Nothing is changed but what is left out: descriptions, examples and
whatever no operation that is used refers to.
"""

import argparse
import json
import sys
import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

DATA = Path(__file__).resolve().parents[1] / "data"
SOURCES = {
    "github-openapi.json": ("octokit-openapi-23.0.2.tgz", "package/generated/api.github.com.json"),
    "github-webhooks.schema.json": ("octokit-webhooks-schemas-7.6.1.tgz", "package/schema.json"),
}

OPERATIONS = frozenset({
    "checks/create", "checks/list-for-ref", "checks/update",
    "git/get-ref",
    "issues/create-comment", "issues/delete-comment", "issues/get-comment", "issues/list-comments",
    "issues/list-events-for-timeline", "issues/update-comment",
    "orgs/get",
    "pulls/get", "pulls/list", "pulls/list-commits", "pulls/list-files", "pulls/list-reviews",
    "repos/create-commit-status", "repos/create-release", "repos/get", "repos/get-branch",
    "repos/get-collaborator-permission-level", "repos/get-commit", "repos/get-content", "repos/get-release-by-tag",
    "repos/list-activities", "repos/list-collaborators",
    "repos/list-commit-statuses-for-ref", "repos/list-pull-requests-associated-with-commit",
    "repos/update-release",
    "teams/get-by-name", "teams/list", "teams/list-members-in-org",
    "users/get-authenticated", "users/get-by-username",
})  # fmt: skip
EVENTS = ("pull_request$", "pull_request_review$", "merge_group$", "push$event", "ping$event", "workflow_run$")

_LEFT_OUT = {
    "description",
    "example",
    "examples",
    "tags",
    "title",
    "externalDocs",
    "summary",
    "deprecated",
    "tsAdditionalProperties",
}
_NAMED = {"properties", "schemas", "responses", "parameters", "headers", "definitions", "paths", "patternProperties"}


def main(arguments: list[str]) -> int:
    """Write or compare both files; 0 where all is as it should be."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("packages", type=Path, help="the folder with the npm packages")
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    asked = parser.parse_args(arguments)
    differing = []
    for name, text in trimmed(asked.packages).items():
        path = DATA / name
        if asked.check and (not path.exists() or path.read_text("utf-8") != text):
            differing.append(name)
        if not asked.check:
            path.write_text(text, "utf-8")
    print("\n".join(f"{name} is not what GitHub says" for name in differing) or "in order")
    return bool(differing)


def trimmed(packages: Path) -> dict[str, str]:
    """Both files as they should be, by name."""
    told = {name: json.loads(_member(packages / package, member)) for name, (package, member) in SOURCES.items()}
    openapi, webhooks = told.values()
    return {
        "github-openapi.json": _written(openapi_of(openapi, OPERATIONS)),
        "github-webhooks.schema.json": _written(webhooks_of(webhooks, EVENTS)),
    }


def openapi_of(whole: dict[str, Any], operations: Iterable[str]) -> dict[str, Any]:
    """The description with these operations and all that they refer to. LookupError for one that is not there."""
    wanted, paths = set(operations), {}
    for path, methods in whole["paths"].items():
        kept = {how: _bare(what) for how, what in methods.items() if what["operationId"] in wanted}
        wanted -= {what["operationId"] for what in kept.values()}
        if kept:
            paths[path] = kept
    if wanted:
        raise LookupError(f"there are no operations {sorted(wanted)}")
    bare = {key: whole[key] for key in ("openapi", "info")} | {"paths": paths}
    bare["info"] = {key: bare["info"][key] for key in ("title", "version", "license")}
    return bare | {"components": _reached(whole, paths, "#/components/")["components"]}


def webhooks_of(whole: dict[str, Any], events: tuple[str, ...]) -> dict[str, Any]:
    """The schema with the definitions of these events and all that they refer to."""
    names = {name: _bare(what) for name, what in whole["definitions"].items() if name.startswith(events)}
    found = _reached(whole, names, "#/definitions/")["definitions"]
    return {"$schema": whole["$schema"], "definitions": names | found}


def _member(package: Path, name: str) -> bytes:
    with tarfile.open(package) as archive:
        member = archive.extractfile(name)
        assert member is not None, f"{package} holds no {name}"
        return member.read()


def _written(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False) + "\n"


def _bare(value: Any, named: bool = False) -> Any:
    """A value without what is for people; in `properties` and the like every key is a name and stays."""
    if isinstance(value, list):
        return [_bare(part) for part in value]
    if not isinstance(value, dict):
        return value
    kept = {key: part for key, part in value.items() if named or not (key in _LEFT_OUT or key.startswith("x-"))}
    return {
        key: part if key in ("enum", "default") else _bare(part, key in _NAMED and not named)
        for key, part in kept.items()
    }


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            yield from _references(part)


def _reached(whole: dict[str, Any], start: object, prefix: str) -> dict[str, Any]:
    """All that a value refers to, directly or not, at the places where it stood."""
    result: dict[str, Any] = {}
    waiting, seen = list(_references(start)), set[str]()
    while waiting:
        reference = waiting.pop()
        if reference in seen or not reference.startswith(prefix):
            continue
        seen.add(reference)
        *places, last = (part.replace("~1", "/").replace("~0", "~") for part in reference.removeprefix("#/").split("/"))
        found, kept = whole, result
        for place in places:
            found, kept = found[place], kept.setdefault(place, {})
        kept[last] = _bare(found[last])
        waiting += _references(kept[last])
    return result


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
