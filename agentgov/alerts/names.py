"""A tool, model or domain that this release never used.

Whether a new name means anything depends on how often new ones came: by Good and Turing, the chance that the next call
has a name never seen is the share of names seen once. Where the baseline has such, a new name has to come more often
than they would, and more often than a name can that was missed in so many calls; or so often since it first came that
its calls would hardly all be among these last ones, were it as likely before: that chance is exact where calls come in
any order, and there are only so many names that can have so many calls.
"""

from collections.abc import Mapping

from agentgov.alerts.judged import Judged, chance_of
from agentgov.alerts.tails import binomial_tail

_MISSED = 5.0  # a name with this many expected calls is missed once in exp(5)
LEAST_CALLS = 20  # of the baseline: what was not seen in fewer may only be rare


def judge_name(
    kind: str, name: str, seen: int, since: int, before: Mapping[str, int], chance: float, behind: int = 0
) -> Judged:
    """A name that the baseline lacks: it came `seen` times in the `since` calls of this kind after the baseline, and
    not in the first `behind` of them."""
    calls, once = sum(before.values()), sum(1 for count in before.values() if count == 1)
    said = f"{kind} {name} was used {seen} {'time' if seen == 1 else 'times'}, and never in {calls} calls before"
    about = ((kind, name),)
    if calls < LEAST_CALLS:
        return Judged("unknown", said, f"the baseline has fewer than {LEAST_CALLS} calls", seen, 0, calls, None, about)
    if not once:
        return Judged("firing", said, "", seen, 0, calls, None, about)
    since = max(since, seen)
    rare = once * binomial_tail(seen, since, min(once, _MISSED) / calls)
    late = (calls + since) / seen * ((since - behind) / (calls + since)) ** seen
    found = min(rare, late)
    if found > chance:
        by = f"{once} of {len(before)} names were seen once, so that new ones come: the chance is {chance_of(found)}"
        return Judged("held", said, by, seen, 0, calls, found, about)
    return Judged("firing", said, "", seen, 0, calls, found, about)
