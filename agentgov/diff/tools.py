"""What an agent can do: its tools, by name; their order says nothing about what is allowed."""

from collections.abc import Iterator
from dataclasses import replace

from agentgov.diff.change import FieldChange, Place, change, short
from agentgov.diff.limits import money_direction, ranked
from agentgov.diff.sequence import in_order, keyed
from agentgov.diff.version import AgentVersion
from agentgov.model.agent import Tool

_EFFECTS = ("read", "write", "irreversible")


def tools(base: AgentVersion, head: AgentVersion) -> Iterator[FieldChange]:
    """Changes of the tools of an agent."""
    place = Place(head.agent_id.file, "/spec/tools")
    before, after = keyed(base.agent.spec.tools, _name), keyed(head.agent.spec.tools, _name)
    for key, (index, old) in before.items():
        if key not in after:
            summary = f"tool {short(old.name)} removed ({old.effect})"
            gone = change("tools.removed", place.to(index), _plain(old), None, summary)
            yield replace(gone, also=_args_file(base, old))
    for key, (index, new) in after.items():
        if key not in before:
            summary = f"tool {short(new.name)} added ({new.effect})"
            come = change("tools.added", place.to(index), None, _plain(new), summary)
            yield replace(come, also=_args_file(head, new))
        else:
            yield from _tool(base, before[key][1], head, new, place.to(index))
    if not in_order(before[key][0] for key in after if key in before):
        old_order, new_order = (
            [tool.name for tool in base.agent.spec.tools],
            [tool.name for tool in head.agent.spec.tools],
        )
        yield change("tools.reordered", place, old_order, new_order, "tools listed in another order")


def _tool(base: AgentVersion, old: Tool, head: AgentVersion, new: Tool, place: Place) -> Iterator[FieldChange]:
    what = f"tool {short(new.name)}"
    fields = ("tools.effect.raised", "tools.effect.lowered")
    yield from ranked(fields, f"{what} effect", _EFFECTS, old.effect, new.effect, place.to("effect"))
    yield from _args(base, old, head, new, place.to("args", "file"))
    direction = money_direction(old.cost, new.cost)
    if direction:
        said = (
            f"{short(old.cost)} -> {short(new.cost)}"
            if old.cost and new.cost
            else f"{old.cost or new.cost} {direction}"
        )
        costs = (old.cost or None, new.cost or None)
        yield change(f"tools.cost.{direction}", place.to("cost"), *costs, f"{what} cost a call {said}")
    if old.description != new.description:
        words = (old.description or None, new.description or None)
        yield change("tools.description.changed", place.to("description"), *words, f"{what} described otherwise")


def _args(base: AgentVersion, old: Tool, head: AgentVersion, new: Tool, place: Place) -> Iterator[FieldChange]:
    if old.args is None and new.args is None:
        return
    what = f"tool {short(new.name)} arguments"
    if old.args is None or new.args is None:
        direction = "removed" if new.args is None else "added"
        names = (old.args.file if old.args else None, new.args.file if new.args else None)
        said = "are not checked any more" if new.args is None else f"are checked by {short(names[1])}"
        found = change(f"tools.args.{direction}", place, *names, f"{what} {said}")
        yield replace(found, also=(*_args_file(base, old), *_args_file(head, new)))
        return
    before, after = base.text(old.args.file), head.text(new.args.file)
    if before != after or (before is None and old.args != new.args):
        at = Place(head.path(new.args.file), place.pointer)
        texts = (_decoded(before), _decoded(after))
        found = change(
            "tools.args.changed", at, *texts, f"{what} are checked by another schema ({short(new.args.file)})"
        )
        yield found if old.args == new.args else replace(found, also=(place.file,))


def _args_file(version: AgentVersion, tool: Tool) -> tuple[str, ...]:
    return () if tool.args is None else (version.path(tool.args.file),)


def _name(tool: Tool) -> str:
    return tool.name


def _plain(tool: Tool) -> dict[str, object]:
    plain: dict[str, object] = {"name": tool.name, "effect": tool.effect}
    if tool.args is not None:
        plain["args"] = tool.args.file
    return {**plain, "cost": tool.cost} if tool.cost else plain


def _decoded(text: bytes | None) -> str | None:
    return None if text is None else text.decode("utf-8", "backslashreplace")
