"""What is known now of one agent in one environment: sums over windows, drifts, names, against its baseline. No clock.

Fed with what is new, in the order that it became known; asked by `detecting`. The same whether it is fed one run at a
time or many at once.
"""

from collections import Counter
from collections.abc import Iterable, Mapping

from agentgov.alerts.baseline import DAY, HOUR, Baseline, Run
from agentgov.alerts.drift import Drift, most_of, step
from agentgov.alerts.slots import Slots

WINDOWS = (300_000, 1_800_000, HOUR, 6 * HOUR, 3 * DAY)
_MOST_NAMES = 200  # new names of a kind that are counted apart
_MIX_HOURS, _MIX_CALLS = (6, 24, 72, 168), 150
_TOLD, _COUNTED = DAY, 7 * DAY  # a new name is known once it was told of so long, or was not worth telling so long
_WITHOUT = 1000.0  # runs a week of which nobody knows


class Spot:
    """One agent in one environment, or one lane of it: the canary, and what runs beside it. `limits` are those of its
    drifts: name of the signal to limit and slack. `share` of the baseline's runs are to be expected in it, and what it
    may raise for nothing is divided among `lanes`. `beside` is the lane of a canary, from when that began until another
    one begins or it runs alone: what comes late of one that is gone is not the stable release's."""

    __slots__ = (
        "agent", "allowance", "baseline", "beside", "calls", "closure", "drifts", "environment", "known", "lanes",
        "last", "limits", "money", "new", "repeats", "runs", "share", "since", "tools",
    )  # fmt: skip

    def __init__(
        self,
        agent: str,
        environment: str,
        closure: str = "",
        baseline: Baseline | None = None,
        windows: Iterable[int] = (),
    ) -> None:
        self.agent, self.environment, self.closure = agent, environment, closure
        lengths = (*WINDOWS, *windows)
        self.runs, self.calls, self.money = Slots(lengths), Slots(lengths), Slots(lengths)
        self.limits: dict[str, tuple[float, float]] = {}
        self.drifts: dict[str, Drift] = {}
        self.last = 0  # when a run was last over
        self.new: dict[tuple[str, str], list[int]] = {}  # kind and name -> first moment, calls, first told (0: not),
        # and how many calls of the kind came before
        self.since: Counter[str] = Counter()  # calls since the baseline, by kind
        self.known: dict[str, set[str]] = {}  # names that are known beside those of the baseline, by kind
        self.tools: dict[int, Counter[str]] = {}  # calls by the hour
        self.repeats: dict[str, tuple[int, int]] = {}  # tool -> how often one run called it the same way, and when
        self.allowance = 0.0  # nano-units a millisecond that its budget allows; 0 without one
        self.baseline = baseline
        self.share, self.lanes = 1.0, 1
        self.beside: Spot | None = None

    def lane(self, closure: str) -> "Spot":
        """Where what a release did belongs; "" where nobody says which."""
        return self.beside if self.beside is not None and closure and closure == self.beside.closure else self

    @property
    def all(self) -> "tuple[Spot, ...]":
        """Its lanes, this one first."""
        return (self,) if self.beside is None else (self, self.beside)

    def tests(self, looks: float = 0.0) -> float:
        """How many chances a week there are to raise something for nothing: so many looks, or one with every run (0),
        as often as there are lanes for whom one limit is divided."""
        runs = self.baseline.per_week if self.baseline is not None else _WITHOUT
        return (looks or runs * self.share) * self.lanes

    def measure(self, closure: str, baseline: Baseline | None, *, anew: bool) -> None:
        """Hold it against another baseline from now on; `anew` forgets what had added up against the one before."""
        self.closure, self.baseline = closure, baseline
        if anew:
            self.drifts, self.new, self.since = {}, {}, Counter()

    def promote(self, closure: str) -> None:
        """Another release runs alone: what had added up is over. What its canary was told of is known."""
        self.measure(closure, self.baseline, anew=True)
        if self.beside is not None and self.beside.closure == closure:
            told = [one for one, (_, _, first, _) in self.beside.new.items() if first]
            told += [(kind, name) for kind, names in self.beside.known.items() for name in names]
            for kind, name in told:
                self.known.setdefault(kind, set()).add(name)
            self.last, self.beside = max(self.last, self.beside.last), None

    def over(self, run: Run) -> None:
        """A run is over."""
        self.runs.add(run.ended, 1, run.failed)
        self.last = max(self.last, run.ended)
        if self.baseline is None:
            return
        for signal, value, normal in (
            ("cost", run.cost, self.baseline.cost),
            ("latency", run.duration, self.baseline.latency),
        ):
            if normal is not None and signal in self.limits:
                limit, slack = self.limits[signal]
                self.drifts[signal] = step(
                    self.drifts.get(signal, _NONE), run.ended, value, normal, slack, most_of(limit)
                )

    def used(self, kind: str, name: str, at: int, calls: int = 1) -> None:
        """A tool, model or domain was used; `asked` is a tool that the gate was asked about, which says that it is not
        new, and nothing of how often tools are used: spans tell of the same call."""
        self.since[kind] += calls
        if kind == "tool":
            self.tools.setdefault(at // HOUR, Counter())[name] += calls
            if len(self.tools) > 2 * _MIX_HOURS[-1]:
                self.tools = {hour: of for hour, of in self.tools.items() if hour > at // HOUR - _MIX_HOURS[-1]}
        if self.baseline is None or (kind == "asked" and not self.baseline.names.get("asked")):
            return
        before, kind = self.baseline.names, "tool" if kind == "asked" else kind
        if name in before.get(kind, ()) or name in self.known.get(kind, ()):
            return
        if kind == "tool" and name in before.get("asked", ()):
            return
        seen = self.new.get((kind, name))
        if seen is not None:
            seen[1] += calls
            if seen[1] <= 0:  # what came late says that there was none
                del self.new[kind, name]
        elif len(self.new) < _MOST_NAMES and calls > 0:
            self.new[kind, name] = [at, calls, 0, max(self.calls_of(kind) - calls, 0)]

    def calls_of(self, kind: str) -> int:
        """Calls of a kind since the baseline, tools by either way."""
        return self.since[kind] + (self.since["asked"] if kind == "tool" else 0)

    def before(self, kind: str) -> Mapping[str, int]:
        """Calls by name of the baseline, tools by either way."""
        names = self.baseline.names if self.baseline is not None else {}
        found = Counter(names.get(kind, {}))
        if kind == "tool":
            found.update(names.get("asked", {}))
        return found

    def settle_names(self, now_ms: int) -> None:
        """What was told of for a day is known."""
        over = [
            one
            for one, (first, _, told, _) in self.new.items()
            if (told and now_ms - told > _TOLD) or (not told and now_ms - first > _COUNTED)
        ]
        for kind, name in over:
            del self.new[kind, name]
            self.known.setdefault(kind, set()).add(name)

    def mix(self, now_ms: int) -> Mapping[str, int]:
        """Calls by tool of the last 6 hours, day, three or seven: the shortest with enough calls, else the longest."""
        found: Counter[str] = Counter()
        for hours in _MIX_HOURS:
            first = now_ms // HOUR - hours
            found = Counter()
            for hour, calls in self.tools.items():
                if hour > first:
                    found.update(calls)
            if found.total() >= _MIX_CALLS:
                break
        return found


_NONE = Drift()
