"""Access as a page: who there is and with which keys (`show`), and who could do what (`report`).

Only shows what `trust.access_review` decided; says in words what somebody should look at.
"""

from collections.abc import Iterator

from agentgov.model.verdict import Location
from agentgov.report.moments import stamp
from agentgov.report.page import Page, Part, Span
from agentgov.trust.access_review import AccessReview, HeldKey, Holder, LastAct, Right

_MOST = 12  # names in one sentence


def show_page(review: AccessReview) -> Page:
    """People and bots with their keys, teams and accounts."""
    page = _administrators(review)
    rows = [_person(one) for one in review.holders if one.kind == "person"]
    if rows:
        page.blank().table(("PERSON", "NAME", "", "TEAMS", "ACCOUNTS"), rows)
    page.blank().table(
        ("KEY OF", "KIND", "FINGERPRINT", "COMMENT"), (row for one in review.holders for row in _keys(one))
    )
    return page


def report_page(review: AccessReview) -> Page:
    """Every right of everybody, the acts of bots, and what to look at."""
    page = _administrators(review)
    rights = [(one, right) for one in review.holders for right in one.rights]
    if rights:
        page.blank().table(("PERSON", "BY", "UNTIL", "LAST ACT"), (_right(*row, review) for row in rights))
        page.blank().table(
            ("ROLE", "MAY"), {right.role: (right.role, " ".join(right.verbs)) for _, right in rights}.values()
        )
    bots = [one for one in review.holders if one.kind == "bot"]
    if bots:
        page.blank().table(("BOT", "KIND", "ITS KEY IS ACCEPTED FOR", "LAST ACT"), (_bot(one, review) for one in bots))
    look = list(_look(review))
    if look:
        page.blank().line(Span("look at", "bold"))
        for sentence in look:
            page.line(Span("  ! ", "warn"), sentence)
    return page


def review_document(review: AccessReview) -> dict[str, object]:
    """The same as JSON documents carry it."""
    return {
        "administrators": {"people": list(review.administrators), "threshold": review.threshold},
        "holders": [_holder(one) for one in review.holders],
        "lookAt": {
            "unused": list(review.unused),
            "withoutRights": list(review.without_rights),
            "withoutKeys": list(review.without_keys),
            "ending": [_named(*item) for item in review.rights("ending")],
            "ended": [_named(*item) for item in review.rights("ended")],
            "deadKeys": [{"holder": name, "fingerprint": key} for name, key in review.dead_keys],
        },
    }


def _administrators(review: AccessReview) -> Page:
    names, count = ", ".join(review.administrators) or "nobody", review.threshold
    takes = "one of them alone may" if count == 1 else f"{count} of them together may"
    return Page().line(Span("administrators ", "bold"), names, Span(f"; {takes} change governance", "dim"))


def _person(one: Holder) -> tuple[Part, ...]:
    return one.id, one.name, "administrator" if one.administrator else "", ", ".join(one.teams), " ".join(one.accounts)


def _keys(one: Holder) -> Iterator[tuple[Part, ...]]:
    if not one.keys:
        yield one.id, Span("no key", "warn"), "", ""
    for held in one.keys:
        mark: Part = Span(f"{held.key.kind} DEAD", "bad") if held.dead else held.key.kind
        yield one.id, mark, held.key.fingerprint, held.key.comment


def _right(one: Holder, right: Right, review: AccessReview) -> tuple[Part, ...]:
    until = right.until.isoformat() if right.until else ""
    mark: Part = Span(f"{until} {right.standing}", "warn") if right.standing != "in-force" else until
    return one.id, right.via, mark, _last(one.last, review)


def _bot(one: Holder, review: AccessReview) -> tuple[Part, ...]:
    return one.id, one.name, " ".join(one.acts), _last(one.last, review)


def _last(last: LastAct | None, review: AccessReview) -> str:
    if last is None:
        return "never" if review.acts_known else "-"
    return f"{last.seq} {last.kind} {stamp(last.time)}"


def _look(review: AccessReview) -> Iterator[str]:
    for name, right in review.rights("ended"):
        yield f"{right.via} of {name} ended on {right.until}"
    for name, right in review.rights("ending"):
        yield f"{right.via} of {name} ends on {right.until}"
    for name, key in review.dead_keys:
        yield f"the key {key} of {name} is revoked; take it out: agentgov access remove-key {name} {key}"
    if review.without_keys:
        yield f"no key that could sign: {_names(review.without_keys)}"
    if review.without_rights:
        yield f"no right at all: {_names(review.without_rights)}"
    if review.unused:
        yield f"a right to act, and never acted: {_names(review.unused)}"


def _names(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - _MOST} more" if len(names) > _MOST else ""
    return f"{', '.join(names[:_MOST])}{more}"


def _holder(one: Holder) -> dict[str, object]:
    return {
        "id": one.id,
        "kind": one.kind,
        "name": one.name,
        "administrator": one.administrator,
        "teams": list(one.teams),
        "accounts": list(one.accounts),
        "keys": [_key(held) for held in one.keys],
        "rights": [_right_document(right) for right in one.rights],
        "acts": list(one.acts),
        "lastAct": {"seq": one.last.seq, "kind": one.last.kind, "time": one.last.time} if one.last else None,
    }


def _key(held: HeldKey) -> dict[str, object]:
    key = held.key
    return {"kind": key.kind, "fingerprint": key.fingerprint, "comment": key.comment, "dead": held.dead}


def _right_document(right: Right) -> dict[str, object]:
    return {
        "role": right.role,
        "via": right.via,
        "verbs": list(right.verbs),
        "agents": list(right.agents),
        "environments": list(right.environments),
        "until": right.until.isoformat() if right.until else None,
        "standing": right.standing,
        "where": _place(right.where),
    }


def _named(name: str, right: Right) -> dict[str, object]:
    return {"person": name, "via": right.via, "until": right.until.isoformat() if right.until else None}


def _place(where: Location) -> dict[str, str]:
    return {"file": where.file, "pointer": where.pointer}
