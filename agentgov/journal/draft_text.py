"""A signed act that is not in the journal yet, as JSON: how it travels between people, and from them to a gate.

Who reads one believes nothing of it: the signatures are verified where it is appended, as everywhere.
"""

import json

from agentgov.journal.draft import Draft
from agentgov.model.act import ActError, parse, render

SCHEMA = "agentgov.draft/1"
MOST = 8 * 2**20  # bytes


def write_draft(draft: Draft) -> str:
    """The act and its signatures, as JSON."""
    return json.dumps(document(draft), indent=2, ensure_ascii=False) + "\n"


def document(draft: Draft) -> dict[str, object]:
    """The same as a value."""
    signatures = [armour.decode("ascii") for armour in draft.signatures]
    return {"schema": SCHEMA, "text": render(draft.act).decode(), "signatures": signatures}


def read_draft(raw: bytes | str) -> Draft:
    """What `write_draft` wrote. ActError where it is none, in one plain sentence."""
    try:
        found = json.loads(raw)
        if found["schema"] != SCHEMA:
            raise ActError("it is of another version")
        signatures = tuple(str(one).encode("ascii") for one in found["signatures"])
        return Draft(parse(str(found["text"]).encode()), signatures)
    except ActError:
        raise
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ActError(f"it is no JSON of an act: {error}") from error
