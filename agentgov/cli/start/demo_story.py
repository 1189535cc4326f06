"""The story of the demo, chapter by chapter. Every sentence is followed by the command that makes it true.

A chapter that does not come out as told stops the demo: nothing is narrated that did not happen.
"""

import json
import textwrap
import time
from collections.abc import Callable
from typing import Any

from agentgov.cli.start.demo_world import DemoError, DemoWorld
from agentgov.report.page import Page, Part, Span

REFUND = "support/refund-assistant"
TRIAGE = "support/ticket-triage"
INVOICES = "finance/invoice-matcher"
PROMPT = f"agents/{REFUND}/prompts/system.md"
WIDTH = 100  # of what is told; output of commands stands a little further in
METRICS = ("error", "cost", "latency", "escalation")


class Story:
    """Tells and does. `tell` prints a page at once, so that the listener sees each step as it happens."""

    def __init__(self, world: DemoWorld, tell: Callable[[Page], None]) -> None:
        self.world, self._tell, self._chapter = world, tell, 0
        self._units: dict[str, list[int]] = {}
        self._rows: list[dict[str, Any]] = []  # where agents stood when we last looked

    def play(self) -> None:
        """All chapters in order."""
        for chapter in (
            self.adopt,
            self.in_production,
            self.broken_edit,
            self.change,
            self.approval,
            self.bad_canary,
            self.fixed_release,
            self.on_call,
            self.incident,
            self.learnt,
            self.attack,
            self.evidence,
        ):
            chapter()

    # --- chapters --------------------------------------------------------------------------------------------------

    def adopt(self) -> None:
        self._head(
            "A fleet in git",
            "Acme has seven agents in four workspaces, all YAML and Markdown in one repository, with people, keys, "
            "owners and a pipeline beside them. Carol, who administers it, starts the journal.",
        )
        self._do("carol", "validate")
        self._do("carol", "trust", "init", lines=2)
        line = json.loads(self.world.run("carol", "trust", "show", "--json"))["line"]
        self.world.pins.write_text(line + "\n", encoding="utf-8")

    def in_production(self) -> None:
        self._head(
            "The way to production",
            "Three agents get their first release. A first release has nothing to be compared with, so somebody must "
            "vouch for it. Half an hour of soak is a second here.",
        )
        for agent in (REFUND, TRIAGE, INVOICES):
            self._do("carol", "release", agent, "-m", "First release", quiet=agent != REFUND, lines=1)
        self._ticks(lambda: self._stage(REFUND, "staging") == "PASSED")
        self._say("Before real traffic each has to pass its own evaluation. CI runs it, and signs what came of it:")
        for agent in (REFUND, TRIAGE, INVOICES):
            self._evaluated(agent, quiet=agent != REFUND)
        for agent in (REFUND, TRIAGE, INVOICES):
            self._do("bob", "promote", agent, "-m", "Went through it with the team", quiet=agent != REFUND, lines=1)
        self._ticks(lambda: all(self._stage(one, "production") == "STABLE" for one in (REFUND, TRIAGE, INVOICES)))
        self._do("frank", "status", only=(REFUND, TRIAGE, INVOICES))

    def broken_edit(self) -> None:
        self._head("A broken edit", "Alice wants a higher budget for refunds, and slips on the keyboard.")
        self.world.git("alice", "switch", "-q", "-c", "kinder-refunds")
        path = f"agents/{REFUND}/agent.yaml"
        self.world.edit(path, 'budget: {day: "40.00 USD", run', 'budget: {day: "80.00 US", rum')
        self._do("alice", "validate", expect=1)
        self.world.git("alice", "checkout", "-q", "--", path)

    def change(self) -> None:
        self._head("A change of words", "She leaves the money alone and changes what the agent says.")
        self.world.edit(
            PROMPT, "Once is enough; do not try to talk them out of it.", "Once is enough. Thank them first."
        )
        self.world.git("alice", "commit", "-q", "-am", "Thank customers who ask for a person")
        self.world.git("alice", "push", "-q", "-u", "origin", "kinder-refunds")
        self._do("alice", "diff", "main", "HEAD", lines=12)
        self._say("Who has to agree? The last authorised governance says, never the change itself:")
        self._do("alice", "check", expect=1)

    def approval(self) -> None:
        self._head("Four eyes", "Alice is an owner too. Her own word on her own change is heard, and not counted:")
        self._do("alice", "review", "approve", "-m", "Looks good to me", lines=3)
        self._say("Bob owns the folder as well. He signs with his own key what he has read:")
        self._do("bob", "review", "approve", "kinder-refunds", "-m", "Kinder, and no new promise")
        self._do("alice", "check")
        self.world.git("alice", "switch", "-q", "main")
        self.world.git("alice", "merge", "-q", "--ff-only", "kinder-refunds")
        self.world.git("alice", "push", "-q", "origin", "main")

    def bad_canary(self) -> None:
        self._head("A canary that dies", "The change is on main. The reconciler finds it reviewed; Alice releases it.")
        self._do("reconciler", "reconcile", "--once", lines=1)
        self._do("alice", "release", REFUND, "-m", "Thank customers who ask for a person", lines=1)
        self._say(
            "It soaks in staging, then takes 5 % and 25 % of the traffic. At 25 % it turns out that thanked customers "
            "stay and argue: the share of failed runs goes up from 1 % to 6 %."
        )
        self._evaluated(REFUND)
        self._ticks(lambda: self._share(REFUND) >= 0.25)
        self._do("frank", "status", only=(REFUND,))
        self._ticks(lambda: self._stage(REFUND, "canary") == "FAILED", bad=0.06)
        self._say("Nobody had to watch. All traffic is back on what ran before, and this content never returns:")
        self._do("frank", "status", only=(REFUND,))

    def fixed_release(self) -> None:
        self._head("The fix reaches production", "Alice words it better, Bob reads it, and out it goes.")
        self.world.edit(PROMPT, "Once is enough. Thank them first.", "Once is enough: hand over at once, with thanks.")
        self.world.git("alice", "commit", "-q", "-am", "Hand over at once, with thanks")
        self.world.git("alice", "push", "-q", "origin", "main")
        self._do("bob", "review", "approve", "main", "-m", "Short and clear", lines=1)
        self._do("reconciler", "reconcile", "--once", lines=1)
        self._do("alice", "release", REFUND, "-m", "Hand over at once, with thanks", lines=1)
        self._evaluated(REFUND)
        self._ticks(lambda: self._share(REFUND) >= 0.05)
        self._do("carol", "promote", REFUND, "-m", "Canary looks right", lines=1)
        self._ticks(lambda: self._stage(REFUND, "production") == "STABLE" and self._share(REFUND) == 0)
        self._do("frank", "status", only=(REFUND,))

    def on_call(self) -> None:
        self._head("Three in the morning", "Erin is on call. Something is wrong with refunds; what exactly can wait.")
        started = time.monotonic()
        self._do("erin", "rollback", REFUND, "--reason", "Complaints about refunds, looking into it")
        self._say(f"One command, {time.monotonic() - started:.1f} seconds, signed with her key and pushed.")

    def incident(self) -> None:
        self._head(
            "One agent stops, the others go on",
            "Ticket triage sends everything to the wrong queue. Erin opens an incident, and stops that agent in the "
            "same act.",
        )
        title = ("--title", "Tickets go to the wrong queue")
        self._do("erin", "incident", "open", TRIAGE, "--pause", *title, "--severity", "3", lines=1)
        self._do("frank", "status", only=(REFUND, TRIAGE, INVOICES))
        self._say("Frank may look at everything and touch nothing:")
        self._do("frank", "resume", TRIAGE, expect=1)

    def learnt(self) -> None:
        self._head(
            "What was learnt",
            "Tickets are sorted by hand until the names of the queues are back. The timeline and the figures of the "
            "review come from the journal; Erin adds what only people know. It is a change like any other, so Dave "
            "reads it.",
        )
        one = json.loads(self.world.run("frank", "incident", "list", "--json"))["incidents"][0]["id"]
        self._do("erin", "incident", "mitigate", one, "-m", "People sort by hand", lines=1)
        self._do("erin", "incident", "resolve", one, "-m", "The queues have their names again", lines=1)
        self._do("erin", "incident", "review", one, lines=1)
        path = f"incidents/{one[:4]}/{one}/review.md"
        happened = "The helpdesk renamed its queues on Monday, and nobody told the agent."
        self.world.edit(path, "_Three sentences", f"{happened}\n\n_Three sentences")
        self.world.git("erin", "add", "incidents")
        self.world.git("erin", "commit", "-q", "-m", f"What was learnt in {one}")
        self.world.git("erin", "push", "-q", "origin", "main")
        self._do("dave", "review", "approve", "main", "-m", "We tell the team next time", lines=1)
        self._do("reconciler", "reconcile", "--once", lines=1)
        self._do("erin", "incident", "close", one, lines=1)
        self._say("The agent stays stopped until somebody resumes it. Reviews that nobody writes hold risky releases.")

    def attack(self) -> None:
        self._head(
            "An attacker with push rights",
            "Mallory has stolen a password. She puts her own words on main, under Alice's name, and moves the tag of "
            "the release that runs to her commit.",
        )
        running = json.loads(self.world.run("frank", "status", REFUND, "--json"))["agents"][0]["stages"]["production"]
        self.world.edit(PROMPT, "Refunds go\n  to the original payment method, always.", "Refunds go\n  where asked.")
        author = "Alice Nguyen <alice@acme.example>"
        self.world.git("mallory", "commit", "-q", "-am", "Fix typo", f"--author={author}")
        self.world.git("mallory", "tag", "-f", "-a", "-m", "release", running["release"])
        self.world.git("mallory", "push", "-q", "--force", "origin", "main", f"refs/tags/{running['release']}")
        self._do("reconciler", "reconcile", "--once", lines=6)
        self._do("frank", "verify", running["release"], expect=1)
        now = json.loads(self.world.run("frank", "status", REFUND, "--json"))["agents"][0]["stages"]["production"]
        if now["closure"] != running["closure"]:
            raise DemoError("production moved when the tag was moved")
        self._say("Neither had an effect: production runs the recorded object, the new words wait for a review.")
        self._say("Carol puts main and the tag back, and there is nothing else to undo:")
        self.world.git("carol", "reset", "-q", "--hard", "HEAD~1")
        self.world.git("carol", "update-ref", f"refs/tags/{running['release']}", running["tag"])
        self.world.git("carol", "push", "-q", "--force", "origin", "main", f"refs/tags/{running['release']}")
        self._do("reconciler", "reconcile", "--once", lines=1)
        self._do("frank", "check")

    def evidence(self) -> None:
        self._head(
            "Every act can be checked", "Anybody with a clone can judge all of it again, from the first signature:"
        )
        self._do("frank", "history", REFUND, lines=9)
        self._do("frank", "journal", "verify")

    # --- telling ---------------------------------------------------------------------------------------------------

    def _head(self, title: str, text: str) -> None:
        self._chapter += 1
        self._tell(Page().blank().line(Span(f"{self._chapter}. {title}", "bold")))
        self._say(text)

    def _say(self, text: str) -> None:
        page = Page()
        for line in textwrap.wrap(text, WIDTH):
            page.line(line)
        self._tell(page)

    def _do(
        self,
        who: str,
        *args: str,
        expect: int = 0,
        lines: int = 40,
        only: tuple[str, ...] = (),
        quiet: bool = False,
    ) -> str:
        printed = self.world.run(who, *args, expect=expect)
        if quiet:
            return printed
        shown = " ".join(f'"{arg}"' if " " in arg else arg for arg in args)
        page = Page().line(Span(f"   {who}$ ", "dim"), Span(f"agentgov {shown}", "accent"))
        rows = [row for row in printed.splitlines() if row.strip()]
        if only:
            rows = [row for row in rows if row.startswith(("agent ", "paused ", "held ", *only))]
        for row in rows[:lines]:
            for part in _wrapped(row):
                page.line(f"   {part}")
        if expect:
            page.line(Span(f"   exit {expect}", "dim"))
        self._tell(page)
        return printed

    def _evaluated(self, agent: str, quiet: bool = True) -> None:
        """The newest release of an agent passes its evaluation, once the reconciler has recorded it."""
        newest = self.world.git("frank", "tag", "--list", "--sort=-v:refname", f"{agent}/v*").splitlines()[0]
        self._do("reconciler", "reconcile", "--once", quiet=True)
        version, file = newest.rpartition("/v")[2], self.world.results(199, 1)
        self._do("evals", "evidence", "add", agent, version, "--result", file, quiet=quiet, lines=4)

    # --- the reconciler and the traffic ----------------------------------------------------------------------------

    def _ticks(self, done: Callable[[], bool], bad: float = 0.01, most: int = 40) -> None:
        """Ticks of the reconciler under traffic until something is so; each act it writes is told.

        Journal time counts in seconds, so a tick within the same second as the last one could observe nothing.
        """
        self._look()
        for _ in range(most):
            second = time.time() // 1  # noqa: TID251 - the demo waits for the next second of journal time
            self._traffic(bad)
            acts = self._tick()
            for subject in acts:
                self._act(subject)
            if acts:
                self._look()
            if done():
                return
            if not acts:  # what an act began is observed at once, and soaks from then on
                time.sleep(max(0.0, second + 1.02 - time.time()))  # noqa: TID251
        raise DemoError("the pipeline did not get there in time", f"look into {self.world.base}")

    def _tick(self) -> list[str]:
        """One tick; the subjects of the acts it wrote."""
        printed = self.world.run("reconciler", "reconcile", "--counts", str(self.world.counts), "--json")
        acts: list[str] = json.loads(printed)["acts"]
        return acts

    def _act(self, subject: str) -> None:
        if subject.startswith("see release"):
            return
        parts: tuple[Part, ...] = (Span("   reconciler  ", "dim"), subject)
        self._tell(Page().line(*parts))

    def _traffic(self, bad: float) -> None:
        """One tick of traffic for every canary: so many runs on both sides, so many of them bad."""
        found: dict[str, object] = {}
        for row in self._rows:
            canary = row["stages"]["canary"]
            subject = canary if canary["share"] else row["stages"]["production"]
            if not subject["release"]:
                continue
            totals = self._units.setdefault(subject["release"], [0, 0, 0, 0])
            share = canary["share"] or 0.5
            totals[0] += int(24_000 * share)
            totals[1] += int(24_000 * share * bad)
            totals[2] += int(24_000 * (1 - share))
            totals[3] += int(24_000 * (1 - share) * 0.01)
            found[row["agent"]] = {
                "release": subject["release"],
                "canary": {"units": totals[0], **dict.fromkeys(METRICS, totals[0] // 100), "error": totals[1]},
                "stable": {"units": totals[2], **dict.fromkeys(METRICS, totals[2] // 100), "error": totals[3]},
            }
        self.world.write_counts(found)

    def _look(self) -> None:
        self._rows = json.loads(self.world.run("frank", "status", "--json"))["agents"]

    def _stage(self, agent: str, stage: str) -> object:
        return next(row for row in self._rows if row["agent"] == agent)["stages"][stage]["state"]

    def _share(self, agent: str) -> float:
        share: float = next(row for row in self._rows if row["agent"] == agent)["stages"]["canary"]["share"]
        return share


def _wrapped(row: str) -> list[str]:
    """A row of a command's output in lines that fit; what follows the first stands under its text."""
    if len(row) <= WIDTH + 8:
        return [row]
    indent = " " * (len(row) - len(row.lstrip()) + 4)
    return textwrap.wrap(row, WIDTH + 8, initial_indent="", subsequent_indent=indent, break_long_words=False)
