"""What GitLab is told: notes, commit statuses in pipelines, status checks, releases; with its own refusals."""

from itertools import pairwise
from typing import Any

import gitlabshapes as shapes
from fakeserver import Reply
from forgeworld import Comment, Release
from gitlabroutes import MR, NOT_FOUND, Call, route
from gitlabworld import GitLabWorld, Job

_ENDS = {"success", "failed", "canceled", "skipped"}


@route("POST", f"{MR}/notes")
def _write_note(call: Call) -> Reply:
    world, number = call.world, call.pull.number
    body = world.obeyed(call.body("body")["body"])
    if not body:
        return Reply(202, {"commands_changes": {}, "summary": ["Commands applied"]})
    made = Comment(world.next_id(), number, call.by, body, world.now(), world.now())
    world.comments.append(made)
    return Reply(201, next(one for one in shapes.notes(world, number) if one["id"] == made.id))


@route("PUT", f"{MR}/notes/:")
def _change_note(call: Call) -> Reply:
    world, number = call.world, call.pull.number
    found = next((one for one in world.comments if one.id == int(call.words[2])), None)
    if found is None:
        return NOT_FOUND
    if found.by != call.by:
        return Reply(403, {"message": "403 Forbidden"})
    found.body, found.updated = world.obeyed(call.body("body")["body"]), world.now()
    return Reply(200, next(one for one in shapes.notes(world, number) if one["id"] == found.id))


@route("GET", f"{MR}/pipelines", paged=True)
def _pipelines(call: Call) -> Reply:
    pull = call.pull
    own = {pull.head_ref, f"refs/merge-requests/{pull.number}/head"}
    found = [one for one in call.world.pipelines if one.ref in own]
    told = [{"id": one.id, "sha": one.commit, "ref": one.ref, "project_id": one.project} for one in found]
    return Reply(200, told[::-1])


@route("GET", f"{MR}/status_checks", paged=True)
def _status_checks(call: Call) -> Reply:
    pull, said = call.pull, call.world.of(call.pull.number).checks
    told = [
        (number, name, said.get((number, pull.head), "pending")) for number, name in call.world.status_checks.items()
    ]
    return Reply(200, [{"id": number, "name": name, "status": status} for number, name, status in told])


@route("POST", f"{MR}/status_check_responses")
def _answer_check(call: Call) -> Reply:
    pull, body = call.pull, call.body("sha", "external_status_check_id", "status")
    if body["external_status_check_id"] not in call.world.status_checks:
        return NOT_FOUND
    if body["sha"] != pull.head:
        return Reply(409, {"message": "SHA does not match HEAD of source branch"})
    assert body["status"] in ("passed", "failed", "pending")
    call.world.of(pull.number).checks[body["external_status_check_id"], pull.head] = body["status"]
    return Reply(201, {"id": 1, **body})


@route("GET", "projects/:/repository/commits/:/statuses", "name", paged=True)
def _statuses(call: Call) -> Reply:
    named = [one for one in call.world.jobs if (one.commit, one.name) == (call.words[1], call.query["name"])]
    return Reply(200, [shapes.status(call.world, one) for one in named if not one.retried])


@route("POST", "projects/:/statuses/:")
def _say_status(call: Call) -> Reply:
    body = call.body("state", "name", "description", "target_url", "ref", "pipeline_id")
    assert len(body["description"]) <= 255
    assert body["state"] in ("pending", "running", *_ENDS)
    place = _pipeline(call, call.words[1], body)
    if place is None:
        return Reply(404, {"message": "404 References for commit Not Found"})
    job = _job(call.world, place, call, body)
    if body["state"] == "pending" and job.status in ("pending", "running"):
        said = 'Cannot transition status via :enqueue from :pending (Reason(s): Status cannot transition via "enqueue")'
        return Reply(400, {"message": said})
    job.status, job.description, job.url = body["state"], body["description"], body.get("target_url", "")
    same = [one for one in call.world.jobs if (one.pipeline, one.name) == (job.pipeline, job.name)]
    for older, _ in pairwise(same):
        older.retried = True
    return Reply(201, shapes.status(call.world, job))


def _pipeline(call: Call, sha: str, body: dict[str, Any]) -> int | None:
    """The pipeline that a status is put into, made where there is none; None where nothing says which branch."""
    world = call.world
    fitting = [one for one in world.pipelines if (one.commit, one.project) == (sha, world.project_id)]
    if "pipeline_id" in body:
        return next((one.id for one in fitting if one.id == body["pipeline_id"]), None)
    fitting = [one for one in fitting if body.get("ref") in (None, one.ref)]
    if fitting:
        return fitting[-1].id
    branches = world.git("for-each-ref", "--contains", sha, "--format=%(refname:lstrip=2)", "refs/heads").split()
    ref = body.get("ref") or next(iter(branches), None)
    return None if ref is None else world.pipeline(sha, ref)


def _job(world: GitLabWorld, pipeline: int, call: Call, body: dict[str, Any]) -> Job:
    for job in world.jobs:
        mine = (job.pipeline, job.name, job.by) == (pipeline, body["name"], call.by)
        if mine and job.status in ("pending", "running"):
            return job
    ref = next(one.ref for one in world.pipelines if one.id == pipeline)
    world.jobs.append(Job(world.next_id(), pipeline, call.words[1], ref, body["name"], call.by))
    return world.jobs[-1]


@route("GET", "projects/:/repository/tags/:")
def _tag(call: Call) -> Reply:
    tip = call.world.tip(f"refs/tags/{call.words[1]}")
    return Reply(200, {"name": call.words[1], "target": tip}) if tip else NOT_FOUND


@route("GET", "projects/:/releases/:")
def _release(call: Call) -> Reply:
    found = next((one for one in call.world.releases if one.tag == call.words[1]), None)
    return NOT_FOUND if found is None else Reply(200, _release_shape(call.world, found))


def _release_shape(world: GitLabWorld, one: Release) -> dict[str, Any]:
    return {"tag_name": one.tag, "name": one.title, "description": one.body, "author": shapes.user(world, one.by)}


@route("POST", "projects/:/releases")
def _make_release(call: Call) -> Reply:
    body = call.body("tag_name", "name", "description")
    if not call.world.tip(f"refs/tags/{body['tag_name']}"):
        return Reply(422, {"message": "Ref is not specified"})
    made = Release(call.world.next_id(), body["tag_name"], body["name"], body["description"], call.by, call.world.now())
    call.world.releases.append(made)
    return Reply(201, _release_shape(call.world, made))


@route("PUT", "projects/:/releases/:")
def _change_release(call: Call) -> Reply:
    found = next(one for one in call.world.releases if one.tag == call.words[1])
    body = call.body("name", "description")
    found.title, found.body = body["name"], body["description"]
    return Reply(200, _release_shape(call.world, found))
