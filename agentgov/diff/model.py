"""Which model answers, and with which parameters. No model is known to be better or safer than another here."""

from collections.abc import Iterator

from agentgov.diff.change import FieldChange, Place, change, short
from agentgov.diff.free import same_value
from agentgov.diff.sequence import in_order, keyed
from agentgov.model.agent import Model

_TOKENS = "max_output_tokens"


def model(base: Model, head: Model, place: Place) -> Iterator[FieldChange]:
    """Changes of the model, of those that answer when it does not, and of the parameters."""
    if base.primary != head.primary:
        summary = f"model {short(base.primary or None)} -> {short(head.primary)}"
        yield change("model.changed", place.to("primary"), base.primary or None, head.primary, summary)
    before, after = keyed(base.fallback, str), keyed(head.fallback, str)
    for key, (index, name) in before.items():
        if key not in after:
            summary = f"fallback model {short(name)} removed"
            yield change("model.fallback.removed", place.to("fallback", index), name, None, summary)
    for key, (index, name) in after.items():
        if key not in before:
            yield change(
                "model.fallback.added", place.to("fallback", index), None, name, f"fallback model {short(name)} added"
            )
    if not in_order(before[key][0] for key in after if key in before):
        old, new = list(base.fallback), list(head.fallback)
        summary = f"fallback models: order {short(old)} -> {short(new)}"
        yield change("model.fallback.reordered", place.to("fallback"), old, new, summary)
    yield from _params(base, head, place.to("params"))


def _params(base: Model, head: Model, place: Place) -> Iterator[FieldChange]:
    for name in sorted(base.params.keys() | head.params.keys()):
        if name.startswith("x-"):
            continue  # compared with all other x- keys of the file
        old, new = base.params.get(name), head.params.get(name)
        if name in base.params and name in head.params and same_value(old, new):
            continue
        direction = "changed"
        if name == _TOKENS and type(old) is int and type(new) is int:
            direction = "raised" if new > old else "lowered"
        said = f"{short(old)} -> {short(new)}"
        if name not in base.params or name not in head.params:
            said = f"{short(new)} added" if name in head.params else f"{short(old)} removed"
        yield change(f"model.params.{direction}", place.to(name), old, new, f"parameter {short(name)} {said}")
