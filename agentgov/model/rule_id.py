"""What one rule is: a stable id, and what it says in words."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RuleId:
    """One rule: what it says, and what to do about it (empty where there is nothing to do)."""

    rule: str
    meaning: str
    mend: str = ""
