"""JSON pointers (RFC 6901): building them, taking them apart. Pure text."""

from collections.abc import Iterable


def child(pointer: str, step: str | int) -> str:
    """The pointer to a member or an element of what a pointer names."""
    if isinstance(step, int):
        return f"{pointer}/{step}"
    if "~" in step or "/" in step:
        step = step.replace("~", "~0").replace("/", "~1")
    return f"{pointer}/{step}"


def plain(step: str) -> str:
    """One step of a pointer as the name it stands for."""
    return step.replace("~1", "/").replace("~0", "~")


def join(steps: Iterable[str | int]) -> str:
    """The pointer made of steps from the root; no step is the whole document."""
    pointer = ""
    for step in steps:
        pointer = child(pointer, step)
    return pointer


def parent(pointer: str) -> str:
    """The pointer to what holds the thing that a pointer names; the root's parent is the root."""
    return pointer.rpartition("/")[0]
