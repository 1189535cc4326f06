"""What an answer that is no success means: whom it is to mend, and what the forge itself said, made harmless. Pure."""

import msgspec

from agentgov.errors import AgentgovError, ConfigurationError, IncompleteError, RefusedError
from agentgov.net.exchange import Answer
from agentgov.net.patience import is_limit
from agentgov.net.tokens import Token

_MOST = 200  # characters of what the other side said


class _Said(msgspec.Struct):
    message: object = ""
    error: object = ""


def failure(what: str, answer: Answer, token: Token | None) -> AgentgovError:
    """The error for an answer; `what` names the request."""
    told = f"{what}: the forge answered {answer.status}" + said(answer, token)
    if answer.status == 401:
        hint = "set AGENTGOV_FORGE_TOKEN_FILE to a file with a token that is in force"
        none = "" if token is not None else "; no token is set here"
        return ConfigurationError(told + none, hint, rule="forge.token")
    if answer.status in (404, 410):
        hint = "check --project, and that the token may see the repository"
        return ConfigurationError(told, hint, rule="forge.unknown-project")
    if is_limit(answer):
        return IncompleteError(told, "try again later", rule="forge.limited")
    if answer.status == 403:
        return RefusedError(told, _right(answer), rule="forge.permission")
    if answer.status in (400, 409, 422):
        return RefusedError(told, rule="forge.permission")
    if 300 <= answer.status < 400:
        hint = "name the repository as it is called now: --project"
        return IncompleteError(told, hint, rule="forge.unknown-project")
    return IncompleteError(told, "try again", rule="forge.unreachable")


def said(answer: Answer, token: Token | None) -> str:
    """What the forge says of it, as ` (text)`: one line, printable, short, and without the token."""
    try:
        body = msgspec.json.decode(answer.body, type=_Said)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
    text = body.message or body.error
    text = text if isinstance(text, str) else repr(text)
    text = token.hide(text) if token is not None else text
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    return f" ({line[:_MOST]})" if line else ""


def _right(answer: Answer) -> str:
    """Which right is missing, as far as GitHub's answers name it."""
    wanted = answer.headers.get("x-accepted-github-permissions") or answer.headers.get("x-accepted-oauth-scopes") or ""
    clean = "".join(letter for letter in wanted if letter.isalnum() or letter in "_=,;: ")[:_MOST].strip()
    return f"give the token this right: {clean}" if clean else "give the token the right to do that"
