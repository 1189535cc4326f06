"""Which findings of a fleet were asked for: by path, by what a change touches, by code. Decides no finding."""

from collections.abc import Collection

import msgspec

from agentgov.model.partition import folder_of

READING = frozenset({"schema", "yaml"})  # families that are told by reading documents alone


class Selection(msgspec.Struct, frozen=True):
    """Paths at or below one of `scopes`, and among those `touched`; None as `touched` is all of them."""

    scopes: tuple[str, ...] = ()
    touched: frozenset[str] | None = None

    @property
    def everything(self) -> bool:
        """Whether all findings were asked for."""
        return self.touched is None and (not self.scopes or "" in self.scopes)

    def has(self, path: str) -> bool:
        """Whether a path was asked for."""
        inside = not self.scopes or any(_covers(scope, path) for scope in self.scopes)
        return inside and (self.touched is None or path in self.touched)

    def near(self, folder: str) -> bool:
        """Whether a path in a folder below a workspace can have been asked for."""
        inside = not self.scopes or any(_covers(scope, folder) or _covers(folder, scope) for scope in self.scopes)
        return inside and (self.touched is None or any(folder_of(path) == folder for path in self.touched))


EVERYTHING = Selection()


def is_reading(select: Collection[str]) -> bool:
    """Whether codes were asked for, and only such as are told by reading documents against their schemas."""
    return bool(select) and all(code.partition(".")[0] in READING for code in select)


def _covers(scope: str, path: str) -> bool:
    return not scope or path == scope or path.startswith(f"{scope}/")
