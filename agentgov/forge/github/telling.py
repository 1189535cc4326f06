"""What is written on GitHub: comments, and the page of a release. Nothing is written twice, and no tag is made.

An answer that does not come leaves open whether a comment was written; then it is looked for.
"""

from urllib.parse import quote

from agentgov.forge.github import shapes
from agentgov.forge.github.asking import Asking, quoted
from agentgov.forge.github.shapes import account
from agentgov.forge.port import Comment, Written
from agentgov.forge.reasons import PERMISSION, refused
from agentgov.net.client import InDoubtError
from agentgov.net.decoding import decoded


def read_comments(asking: Asking, number: int) -> tuple[Comment, ...]:
    """Every comment on a pull request, oldest first."""
    return tuple(map(_comment, asking.listed(f"{asking.root}/issues/{number}/comments", shapes.IssueComment)))


def write_comment(asking: Asking, number: int, body: str, own: int) -> Comment:
    """A new comment; where no answer came, the one by this account (`own`) that says the same is taken for it."""
    path = f"{asking.root}/issues/{number}/comments"
    try:
        answer = asking.client.send("POST", path, {"body": body})
    except InDoubtError:
        for comment in reversed(read_comments(asking, number)):
            if (
                comment.by is not None
                and comment.by.id == own
                and shapes.as_written(comment.body) == shapes.as_written(body)
            ):
                return comment
        raise
    return _comment(decoded(answer, shapes.IssueComment, f"POST {path}"))


def change_comment(asking: Asking, comment: int, body: str) -> Comment:
    """Other words in a comment."""
    path = f"{asking.root}/issues/comments/{comment}"
    return _comment(decoded(asking.client.send("PATCH", path, {"body": body}), shapes.IssueComment, f"PATCH {path}"))


def write_release(asking: Asking, tag: str, title: str, body: str) -> Written:
    """The page of a tag that is there. Written over only where it bears the first line of `body`, our mark.

    RefusedError where there is no such tag, or where somebody else wrote the page.
    """
    if asking.client.find(f"{asking.root}/git/ref/tags/{quoted(tag)}") is None:
        raise refused(PERMISSION, f"GitHub has no tag {tag}, and would make one", "push the tag first")
    there = asking.one(f"{asking.root}/releases/tags/{quote(tag, safe='')}", shapes.Release)
    told = {"name": title, "body": body}
    if there is None:
        asking.client.send("POST", f"{asking.root}/releases", {"tag_name": tag, **told})
        return "created"
    mark, text = shapes.as_written(body).partition("\n")[0], shapes.as_written(there.body or "")
    if (there.name or "", text) == (title, shapes.as_written(body)):
        return "unchanged"
    if not mark.startswith("<!--") or text.partition("\n")[0] != mark:
        raise refused(PERMISSION, f"somebody else wrote the page of {tag}", "delete it on GitHub, or leave it")
    asking.client.send("PATCH", f"{asking.root}/releases/{there.id}", told)
    return "updated"


def _comment(told: shapes.IssueComment) -> Comment:
    return Comment(told.id, account(told.user), told.body)
