"""What all documents share: the frozen base type, and the closed lists of words that several of them use.

Values are as written (durations, money and shares stay text here; `units` parses them), after the schema has accepted
them: field names are the YAML's in snake case, defaults are the schema's. A test proves that schema and types agree.
Who-lists (`who`, `from`, `escalate`) hold selectors: a person's id, `team:<id>`, or `role:<name>`.
"""

from typing import Literal

import msgspec

Environment = Literal["staging", "production"]
ENVIRONMENTS: tuple[Environment, ...] = ("staging", "production")
Risk = Literal["low", "medium", "high", "critical"]
RISKS: tuple[Risk, ...] = ("low", "medium", "high", "critical")
Classification = Literal["public", "internal", "confidential", "restricted"]
CLASSIFICATIONS: tuple[Classification, ...] = ("public", "internal", "confidential", "restricted")


class Document(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """Base of every type below: frozen, camelCase in YAML."""
