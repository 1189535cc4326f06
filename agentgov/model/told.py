"""What an agent tells of a session that no span says, such as that it was no help: the words of `POST /v1/events`."""

from typing import Annotated

import msgspec

MOST_EVENTS = 100  # of a request
Subject = Annotated[str, msgspec.Meta(pattern="^[^\\x00-\\x1f\\x7f]{0,128}$")]
Purpose = Annotated[
    str,
    msgspec.Meta(pattern="^([a-z0-9][a-z0-9._-]{0,63})?$", description="Recorded in clear; records are found by it."),
]
Refs = Annotated[
    dict[
        Annotated[str, msgspec.Meta(pattern="^[A-Za-z][A-Za-z0-9_.-]{0,63}$")],
        Annotated[str, msgspec.Meta(pattern="^[^\\x00-\\x1f\\x7f]{0,200}$")],
    ],
    msgspec.Meta(max_length=8, description="Kept beside the record, and erased with it."),
]
_Metric = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z][A-Za-z0-9_.-]{0,63}$")]
_Short = Annotated[str, msgspec.Meta(max_length=500, pattern=r"^[^\x00-\x1f\x7f]*$")]
_Fact = _Short | bool | Annotated[int, msgspec.Meta(ge=-(2**53), le=2**53)] | float


class EventTell(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One event. `key`: the caller's own, once for each event; `session`: as spans call it (session.id,
    gen_ai.conversation.id, or the trace id); `bad`: whether the session is bad by a metric; `over`: it has ended;
    `subject`, `purpose`, `refs`: whom it is about, what it is for, the caller's own records, as of actions."""

    key: Annotated[str, msgspec.Meta(pattern="^[!-~]{1,128}$")]
    name: Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9._-]{0,63}$")]
    session: Annotated[str, msgspec.Meta(pattern="^[^\\x00-\\x1f\\x7f]{0,128}$")] = ""
    release: Annotated[str, msgspec.Meta(pattern="^[!-~]{0,300}$")] = ""
    bad: Annotated[dict[_Metric, bool], msgspec.Meta(max_length=16)] = {}
    over: bool = False
    attributes: Annotated[dict[_Metric, _Fact], msgspec.Meta(max_length=32)] = {}
    subject: Subject = ""
    purpose: Purpose = ""
    refs: Refs = {}
