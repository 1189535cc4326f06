"""The acts of the journal, and what the holder of each key can at most do, as tables in Markdown.

The first is `model.acts_table` in words, so docs/permissions.md cannot say something else than the code decides. The
second says it the other way round: what is lost when a key, the forge or a database is in the wrong hands.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from agentgov.model.access import BotKind
from agentgov.model.acts_table import ACTS, BOT_ACTS, ActRule, Word

_COUNTS = {"none": "nobody", "one": "one administrator", "two": "two administrators", "threshold": "the threshold"}
_WORDS: Mapping[Word, str] = MappingProxyType(
    {
        "first": "an administrator of that Access",
        "anybody": "anybody in Access",
        "bots": "no person",
    }
)

# Who holds what -> what they can at most do, and what stops the rest. `{acts}` are the acts of a kind of bot.
_HOLDERS: tuple[tuple[str, str, str], ...] = (
    (
        "the key of a person",
        "what Access gives that person, and reviews where they own",
        "their review of their own change never counts; a requirement of two takes somebody else",
    ),
    (
        "the key of one administrator",
        (
            "everything an operator may, everywhere; `revoke` any key, which can lock the others out but lets "
            "nobody in; with threshold 1 the governance set too"
        ),
        "with threshold 2 or more nothing of the governance set; no review of their own change counts",
    ),
    (
        "the keys of as many administrators as the threshold",
        "any governance, and so anything from there on",
        "the past, which stays as recorded; verifiers pinned elsewhere refuse another beginning",
    ),
    (
        "the key of a bot `reconciler`",
        (
            "{acts}: hurry or hold back what reviews and the pipeline allow, abort what is inconclusive, roll "
            "back what bakes, hold agents; tell false counts of a canary; name a commit of main whose history "
            "claims other authors"
        ),
        "contents are derived again from reviews; soaks by journal time; one bot moves that time by `maxAge` at once",
    ),
    (
        "the key of a bot `gate`",
        (
            "{acts}: stop agents, abort canaries by an alert rule, move journal time, tell of incidents and drills, "
            "and say for anybody who may that an incident is seen or over; sign leases and checkpoints of the ledger"
        ),
        "it resumes nothing, authorises nothing, and closes or cancels no incident, nor makes one milder",
    ),
    (
        "the key of a bot `importer`",
        "{acts}: say that anybody reviewed anything on the forge",
        (
            "never for the governance set, never for a rule that asks for personal signatures; never again for a "
            "review that landed; claims of authors only exclude"
        ),
    ),
    (
        "the key of a bot `evidence`",
        "{acts}: say of any release that its tests passed, with any numbers",
        "it moves nothing by itself: soak, canary, judge and promoters go on as ever",
    ),
    (
        "push rights on the forge, also its administrator",
        (
            "put anything on main, where it is *pending*; delete or move tags, which is an alarm and a hold; "
            "append garbage to the journal, which is named and stops what raises risk; take refs away, or show an old "
            "state for `maxAge`"
        ),
        "nothing unreviewed is released; what was seen may not be taken away (`journal.rewound`, `journal.forked`)",
    ),
    (
        "the accounts of the forge (its database)",
        "pretend to be any account there",
        (
            "accounts sign nothing: a review takes a key of Access, or the importer, which believes the forge; never "
            "the governance set, never where a rule asks for personal signatures"
        ),
    ),
    (
        "the database of the run-time plane",
        (
            "change what a gate decides by it (permits, budgets, quotas, tokens and logins), and nothing of what is "
            "governed: no act and no authorised content lies in a database"
        ),
        (
            "what is governed is in signed commits of git, also who is paused, once the journal has it; records under "
            "a signed checkpoint of the ledger are changed by nobody unseen"
        ),
    ),
    (
        "the machine of a reader",
        "make that one machine believe anything",
        "other machines have pins and memories of their own",
    ),
)


def acts_markdown() -> str:
    """The table of acts: command, whose word, bots, what it does to risk."""
    rows = [
        (
            f"`{rule.kind}`",
            ", ".join(f"`{command}`" for command in rule.commands) or "none yet",
            _who(rule),
            ", ".join(rule.bots) or "",
            rule.risk,
            rule.note,
        )
        for rule in ACTS.values()
    ]
    return _table(("act", "command", "person", "bot of kind", "risk", "besides"), rows)


def holders_markdown() -> str:
    """What the holder of each key, of the forge and of the database can at most do."""
    rows = []
    for holder, most, stopped in _HOLDERS:
        kind = next((kind for kind in BOT_ACTS if holder.endswith(f"`{kind}`")), None)
        rows.append((holder, most.replace("{acts}", _acts(kind)), stopped))
    return _table(("in the wrong hands", "can at most", "what stops the rest"), rows)


def _acts(kind: BotKind | None) -> str:
    """What a kind of bot may sign, in the order of the table."""
    signed = BOT_ACTS[kind] if kind is not None else frozenset()
    return " ".join(f"`{act}`" for act in ACTS if act in signed)


def _who(rule: ActRule) -> str:
    if rule.word == "holders":
        return f"who holds `{rule.verb}`" + (f", {rule.environment}" if rule.environment else "")
    if rule.word == "administrators":
        return _COUNTS[rule.people]
    return _WORDS[rule.word]


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)
