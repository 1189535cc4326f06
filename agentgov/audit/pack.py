"""A pack of evidence as a value: what was found for each kind, how it is proven, what holds and what does not.

Nothing in here is a claim without a place: every item names the act and commit, or the record and its hash.
"""

import msgspec

from agentgov.audit.frameworks import Framework

SCHEMA = "agentgov.audit-pack/1"
LEFT_OUT = "left-out.jsonl"  # the acts that a pack of one workspace names and does not show


class Item(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """One act or record, with what proves it."""

    place: str  # journal/12, support/7
    time: int  # epoch milliseconds
    type: str
    actor: str
    summary: str
    agent: str = ""
    commit: str = ""  # of the journal, for acts
    tag: str = ""  # the tag object of the release that an act names
    signed_by: tuple[str, ...] = ()  # fingerprints of keys
    hash: str = ""  # RFC 6962 hash of the leaf, for records
    proof: str = ""  # file in the pack
    anchored: bool = False  # whether the journal anchored the tree behind this record
    details: tuple[str, ...] = ()


class Population(msgspec.Struct, frozen=True, rename="camel"):
    """Everything of one kind in the period: how many, of which types, and those that are shown one by one."""

    kind: str
    count: int
    types: dict[str, int]
    file: str  # in the pack, with one line for each
    items: tuple[Item, ...]
    sampled: bool  # whether `items` are a sample
    left_out: int = 0  # members that are about other workspaces than the only one that was asked for


class Fact(msgspec.Struct, frozen=True, rename="camel"):
    """A statement about how things stood, with where that can be looked up."""

    text: str
    proof: str


class Statement(msgspec.Struct, frozen=True, rename="camel"):
    """What is said of one kind that is no list of events."""

    kind: str
    facts: tuple[Fact, ...]
    left_out: int = 0  # of what is about other workspaces than the only one that was asked for


class JournalCheck(msgspec.Struct, frozen=True, rename="camel"):
    """What verification of the journal found. Nothing is taken from an act behind the last one that holds."""

    holds: bool
    tip: str
    acts: int
    problem: str = ""
    used_to: int = -1  # number of the last act that holds; -1 where nothing of it can be believed
    pinned: bool = False


class TreeCheck(msgspec.Struct, frozen=True, rename="camel"):
    """What verification of one tree found. Nothing is taken from a tree that does not hold."""

    tree: str
    holds: bool
    signed: int
    anchored: int
    flaws: tuple[str, ...] = ()
    pruned: int = 0  # records that were disposed of, as the ledger says itself
    unsigned: int = 0  # records of the period that no checkpoint covers yet: left out
    withheld: int = 0  # records of the period that are of agents whose class is privileged: left out


class Checks(msgspec.Struct, frozen=True, rename="camel"):
    """What everything else rests on."""

    journal: JournalCheck
    ledger: str = ""  # what the ledger is called, "" where none was looked at
    trees: tuple[TreeCheck, ...] = ()
    lost: tuple[str, ...] = ()  # ledgers that went before, and whose records are not here
    tree: str = ""  # the only one that was asked for, "" where all of them were
    acts: int = 0  # of the journal in the period
    left_out: int = 0  # of these, about other workspaces than the only one that was asked for

    @property
    def workspace(self) -> str:
        """The workspace that the pack is about alone; "" where it is about the fleet, or a tree of the fleet's."""
        return "" if self.tree.startswith("_") else self.tree

    @property
    def holds(self) -> bool:
        """Whether all that was looked at is what it was."""
        return self.journal.holds and all(one.holds for one in self.trees)


class Pack(msgspec.Struct, frozen=True, rename="camel"):
    """A whole pack."""

    schema: str
    version: str  # of agentgov
    framework: Framework
    fleet: str
    since: int  # epoch seconds
    until: int
    made: int
    sample: int
    seed: str
    holds: bool
    checks: Checks
    populations: tuple[Population, ...]
    statements: tuple[Statement, ...]
