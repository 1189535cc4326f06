"""What the schema leaves free: `runtime`, keys that start with `x-`, and the values of model parameters.

Nobody can say here what these mean, so every change of them loosens. deepdiff lists what changed in `runtime`; that
something changed is decided by `same_value`, so that nothing the library overlooks goes unseen.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from agentgov.diff.change import FieldChange, Place, change, short

_MOST = 5_000  # nodes of a runtime block that are compared one by one; above, it is one change


def same_value(one: object, other: object) -> bool:
    """Whether two plain values are the same: 1 and 1.0 are, 1 and true are not; the order of keys is nothing."""
    todo = [(one, other)]
    while todo:
        left, right = todo.pop()
        if isinstance(left, Mapping) and isinstance(right, Mapping):
            if left.keys() != right.keys():
                return False
            todo.extend((left[key], right[key]) for key in left)
        elif isinstance(left, list | tuple) and isinstance(right, list | tuple):
            if len(left) != len(right):
                return False
            todo.extend(zip(left, right, strict=True))
        elif not _same_scalar(left, right):
            return False
    return True


def _same_scalar(left: object, right: object) -> bool:
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    both_nan = left != left and right != right  # .nan is the value that is not itself
    return both_nan or (left == right and isinstance(left, str) == isinstance(right, str))


def runtime(base: Mapping[str, Any], head: Mapping[str, Any], place: Place) -> Iterator[FieldChange]:
    """Changes of the block that belongs to the agent's own framework, each with its place in it."""
    if same_value(base, head):
        return
    found = list(_listed(base, head, place)) if _is_small(base) and _is_small(head) else []
    if found:
        yield from found
    else:
        yield change("runtime.changed", place, dict(base), dict(head), "runtime settings changed")


def _listed(base: Mapping[str, Any], head: Mapping[str, Any], place: Place) -> Iterator[FieldChange]:
    from deepdiff import DeepDiff

    # Without these options keys that start with two underscores are skipped, and so are numbers of another type.
    tree = DeepDiff(base, head, view="tree", ignore_private_variables=False, ignore_numeric_type_changes=False)
    for kind in sorted(tree):
        for item in tree[kind]:
            gone, new = "removed" in kind, "added" in kind
            old_value, new_value = None if new else item.t1, None if gone else item.t2
            if not gone and not new and same_value(old_value, new_value):
                continue
            at = place.to(*item.path(output_format="list"))
            name = at.pointer.removeprefix(place.pointer).lstrip("/")
            said = f"{short(new_value)} added" if new else f"{short(old_value)} removed"
            if not gone and not new:
                said = f"{short(old_value)} -> {short(new_value)}"
            yield change("runtime.changed", at, old_value, new_value, f"runtime {short(name)}: {said}")


def _is_small(value: object) -> bool:
    todo, seen = [value], 0
    while todo and seen <= _MOST:
        seen += 1
        node = todo.pop()
        if isinstance(node, Mapping):
            todo.extend(node.values())
        elif isinstance(node, list | tuple):
            todo.extend(node)
    return seen <= _MOST


def extensions(base: Mapping[str, Any], head: Mapping[str, Any], place: Place) -> Iterator[FieldChange]:
    """Changes under keys that start with `x-`; both sides map a JSON pointer into agent.yaml to the value there."""
    for pointer in sorted(base.keys() | head.keys()):
        old, new = base.get(pointer), head.get(pointer)
        if pointer in base and pointer in head and same_value(old, new):
            continue
        said = "changed" if pointer in base and pointer in head else "added" if pointer in head else "removed"
        at = Place(place.file, pointer)
        yield change("extensions.changed", at, old, new, f"{short(pointer.lstrip('/'))} {said}")
