"""A second verifier of journals, as plain as can be: slow, of its own hand, and without a line of agentgov.

It knows fleets whose governance never changes and whose people write prompts: reviews, advances, pauses, holds,
incidents, drills and heartbeats. Everything is read from git's raw objects, all of them at once; whatever it does not
know, it refuses. The first act is pinned. Where it and the real one disagree on the first bad commit, one of them is
wrong.
"""

import base64
import hashlib
import json
import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

_ARMOUR = rb"-----BEGIN SSH SIGNATURE-----\n(?:[A-Za-z0-9+/=]+\n)+-----END SSH SIGNATURE-----\n"
_IDENT = rb"[^<>\n\0]* <[^<>\n\0]*> [0-9]+ [+-][0-9]{4}\n"
_COMMIT = re.compile(
    rb"(tree ([0-9a-f]{40})\n((?:parent [0-9a-f]{40}\n)*)author " + _IDENT + rb"committer " + _IDENT + rb")"
    rb"gpgsig (-----BEGIN SSH SIGNATURE-----\n(?: [A-Za-z0-9+/=]+\n)+ -----END SSH SIGNATURE-----\n)(\n[^\0]*)\Z"
)
_FIELDS = {
    "review": r"Verdict (Path )*(Closure )*Requirements ",
    "advance": "Main Authorised ",
    "pause": "Selector Mode (Until )?",
    "resume": "Selector ",
    "hold": "Agent State ",
    "checkpoint": "(Main )?(Ledger )*",
    "incident": "Incident Step (For )?(Kind )?(Title )?(Severity )?(Agent )*(Alert )*(Playbook )?(Drill )?(Role )?"
    "(Who )?(Leaves )?(Level )?(To )*(Comms )?(Mode )?(Until )?",
    "drill": "Drill Type (Agent )*Started Ended Score (Objective )*Gaps (Incident )?(Report )?",
}
_BOTS = {"reconciler": {"advance", "checkpoint"}, "gate": {"pause", "checkpoint", "incident", "drill"}}
_ANYWHERE = ("review", "incident", "drill")  # verbs that act in no environment
# Steps of incidents: from which states, what they have to say, what they may say.
_STEPS = {
    "open": ("", "Kind Title Severity", "Alert Playbook Drill Mode Until"),
    "acknowledge": ("open", "", ""),
    "assign": ("open acknowledged mitigated resolved", "Role Who Leaves", ""),
    "note": ("open acknowledged mitigated resolved closed cancelled", "", ""),
    "severity": ("open acknowledged mitigated resolved", "Severity", ""),
    "alert": ("open acknowledged mitigated", "Alert", ""),
    "mitigate": ("open acknowledged", "", "Mode Until"),
    "resolve": ("open acknowledged mitigated", "", ""),
    "close": ("resolved", "", ""),
    "cancel": ("open acknowledged mitigated", "", ""),
    "message": ("open acknowledged mitigated resolved", "To", "Comms"),
    "escalate": ("open", "Level To", ""),
}
_OF_BOTS = {"open", "alert", "mitigate", "message", "escalate"}
_OF_BOTS_ASKED = _OF_BOTS | {"acknowledge", "assign", "note", "severity", "resolve"}
_SPELLING = {
    "Incident": r"[0-9]{4}-[0-9]{4}-[0-9a-hjkmnp-tv-z]{4}",
    "Agent": "[a-z0-9-]+/[a-z0-9-]+",
    "Alert": "[0-9a-f]{32}",
    "Kind": "real|drill",
    "Title": ".{1,200}",
    "Severity": "[1-4]",
    "Playbook": r"playbooks/[a-z0-9][a-z0-9/-]{0,200}\.yaml",
    "Drill": "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?",
    "Role": "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?",
    "To": r"((team|role):)?[a-z0-9][a-z0-9._-]{0,63}",
    "Comms": r"[a-z0-9][a-z0-9:._-]{0,127}",
    "Mode": "stop|read-only",
    "Until": "0|[1-9][0-9]{0,10}",
    "Type": "tabletop|live|recovery",
    "Started": "[1-9][0-9]{0,10}",
    "Ended": "[1-9][0-9]{0,10}",
    "Score": "0|[1-9][0-9]?|100",
    "Gaps": "0|[1-9][0-9]{0,3}",
    "Report": "[0-9a-f]{64}",
    "Objective": r"[a-z0-9][a-z0-9-]{0,62} (met|missed) \S{1,64}",
}
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./@+-]*\Z")
_NOTHING = {
    "staging": {"state": "EMPTY", "release": "", "since": 0},
    "canary": {"state": "NONE", "release": "", "step": 0, "share": 0, "since": 0},
    "production": {"state": "EMPTY", "release": "", "since": 0},
    **{name: [] for name in ("prior", "bad", "withdrawn", "votes")},
}
Files = dict[str, tuple[str, str]]  # path to (mode, object id)


class BadAct(Exception):  # noqa: N818 - a word of this file
    """An act does not hold."""


def need(truth: object) -> None:
    """What must be so."""
    if not truth:
        raise BadAct


def first_offence(repository: Path, tip: str, root: str, now: int) -> str | None:
    """The first commit of the journal that does not hold, None where all do."""
    return _Reference(repository, root, now).first_offence(tip)


class _Reference:
    def __init__(self, repository: Path, root: str, now: int) -> None:
        self.objects, self.now, self.root = _all_objects(repository), now, root
        tree = self.tree(self.commit(root)[0])
        self.authorised = self.files(tree["authorised"][1])
        self.access = yaml.safe_load(self.blob(self.authorised["governance/access.yaml"][1]))
        self.owners = self.blob(self.authorised[".github/CODEOWNERS"][1]).decode().split("\n")
        self.head: dict[str, Any] = yaml.safe_load(self.blob(tree["fleet.yaml"][1]))
        self.records: dict[str, Any] = {}
        self.pending: dict[str, str] = {}
        self.ids = {self.trailers(self.commit(root)[3])["Id"][0]}
        self.keys = {
            base64.b64decode(line.split()[1]): (kind, who)
            for kind in ("people", "bots")
            for who in self.access[kind]
            for line in who["keys"]
        }

    def first_offence(self, tip: str) -> str | None:
        chain = [tip]
        while (
            parents := re.findall(rb"^parent ([0-9a-f]{40})$", self.raw(chain[-1]).split(b"\n\n")[0], re.MULTILINE)
        ) != []:
            chain.append(parents[0].decode())
        assert chain[-1] == self.root
        for oid, before in zip(chain[-2::-1], chain[:0:-1], strict=True):
            try:
                self.step(oid, before)
            except (BadAct, KeyError, ValueError, IndexError):
                return oid
        return None

    # --- objects ---------------------------------------------------------------------------------------------------

    def raw(self, oid: str) -> bytes:
        return self.objects[oid][1]

    def parents(self, oid: str) -> list[str]:
        head = self.raw(oid).partition(b"\n\n")[0].decode()
        return re.findall("^parent (.{40})$", head, re.MULTILINE)

    def blob(self, oid: str) -> bytes:
        need(self.objects[oid][0] == "blob")
        return self.raw(oid)

    def tree(self, oid: str) -> dict[str, tuple[str, str]]:
        raw, found = self.raw(oid), {}
        while raw:
            head, _, rest = raw.partition(b"\0")
            mode, _, name = head.partition(b" ")
            found[name.decode()] = (mode.decode(), rest[:20].hex())
            raw = rest[20:]
        return found

    def files(self, oid: str) -> Files:
        found: Files = {}
        for name, (mode, inner) in self.tree(oid).items():
            below = self.files(inner) if mode == "40000" else {"": (mode, inner)}
            found |= {f"{name}/{path}".rstrip("/"): entry for path, entry in below.items()}
        return found

    def commit(self, oid: str) -> tuple[str, list[str], bytes, bytes, bytes]:
        """Tree, parents, payload, message, armour."""
        match = _COMMIT.match(self.raw(oid))
        if match is None:
            raise BadAct
        head, tree, parents, armour, rest = match.groups()
        names = re.findall("parent (.{40})", parents.decode())
        return tree.decode(), names, head + rest, rest[1:], armour.replace(b"\n ", b"\n")

    def signer(self, armour: bytes, payload: bytes, namespace: bytes) -> tuple[str, str]:
        """Who signed: ("people" or "bots", id)."""
        lines = armour.split(b"\n")[1:-2]
        blob = base64.b64decode(b"".join(lines), validate=True)
        again = base64.b64encode(blob)
        need(lines == [again[start : start + 70] for start in range(0, len(again), 70)])
        need(blob[:10] == b"SSHSIG\0\0\0\1")
        key, found, reserved, algorithm, signature = _strings(blob[10:], 5)
        need(found == namespace and reserved == b"" and algorithm in (b"sha512", b"sha256"))
        name, raw = _strings(signature, 2)
        need(name == b"ssh-ed25519" and key in self.keys)
        digest = hashlib.new(algorithm.decode(), payload).digest()
        signed = b"SSHSIG" + b"".join(map(_string, (namespace, b"", algorithm, digest)))
        try:
            Ed25519PublicKey.from_public_bytes(_strings(key, 2)[1]).verify(raw, signed)
        except InvalidSignature:
            raise BadAct from None
        kind, who = self.keys[key]
        return kind, who["id"]

    def trailers(self, message: bytes) -> dict[str, list[str]]:
        text = message.decode()
        need(text.endswith("\n") and not re.search("[\0-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]", text))
        *prose, last = text[:-1].split("\n\n")
        need(prose and prose[0].strip() and "\n" not in prose[0] and "\t" not in prose[0])
        need(not re.search("^agentgov-", "\n\n".join(prose), re.MULTILINE | re.IGNORECASE))
        need(all(part and not part.startswith("\n") and not part.endswith("\n") for part in prose))
        pairs = [re.fullmatch(r"Agentgov-([A-Za-z-]+): (\S(?:.*\S)?)", line) for line in last.split("\n")]
        found: dict[str, list[str]] = {"subject": [prose[0]], "reason": ["\n\n".join(prose[1:])]}
        for pair in pairs:
            need(pair)
            assert pair is not None
            found.setdefault(pair[1], []).append(pair[2])
        kind = found["Act"][0].removesuffix("/1")
        order = "".join(f"{pair[1]} " for pair in pairs if pair)
        need(re.fullmatch(f"Act Id Fleet Governance Actor (Time )?{_FIELDS.get(kind, '.*')}", order))
        return found

    # --- judging ---------------------------------------------------------------------------------------------------

    def step(self, oid: str, before: str) -> None:
        tree, parents, payload, message, armour = self.commit(oid)
        need(parents == [before])
        self.signer(armour, payload, b"git")
        act, there = self.trailers(message), self.tree(tree)
        kind, actor = act["Act"][0].removesuffix("/1"), act["Actor"][0]
        need(kind in _FIELDS and there["act.sig"][0] == "100644")
        beside = self.blob(there.pop("act.sig")[1])
        blocks = re.findall(_ARMOUR, beside)
        need(0 < len(blocks) <= 16 and b"".join(blocks) == beside)
        signers = {self.signer(block, message, b"agentgov-act") for block in blocks}
        need(act["Id"][0] not in self.ids and re.fullmatch("[0-9A-HJKMNP-TV-Z]{26}", act["Id"][0]))
        need(act["Fleet"] == [self.head["fleet"]] and act["Governance"] == [self.head["governance"]])
        need(({"person": "people", "bot": "bots"}[actor.split(":")[0]], actor.split(":")[1]) in signers)
        self.time(act, actor)
        for one in signers:
            need(self.may(one, kind, act))
        self.head["seq"] += 1
        getattr(self, f"on_{kind}")(act, actor.split(":")[1])
        self.head["main"] = act.get("Main", [self.head["main"]])[0]
        self.ids.add(act["Id"][0])
        need(there.pop("authorised")[0] == "40000" and self.files(self.tree(tree)["authorised"][1]) == self.authorised)
        records = {"fleet.yaml": self.head, "pending.yaml": {"paths": self.pending}, **self.records}
        files = {path: entry for path, entry in self.files(tree).items() if not path.startswith("authorised/")}
        files.pop("act.sig")
        need(files.keys() == records.keys() and all(mode == "100644" for mode, _ in files.values()))
        for path, (_, blob) in files.items():
            need(self.blob(blob) == ("\n".join(_spelled(records[path])) + "\n").encode())

    def time(self, act: dict[str, list[str]], actor: str) -> None:
        need(("Time" in act) == actor.startswith("bot:"))
        if "Time" in act:
            need(re.fullmatch("0|[1-9][0-9]*", act["Time"][0]))
            need(self.head["time"] <= int(act["Time"][0]) <= self.now + 300)
            self.head["time"] = int(act["Time"][0])

    def may(self, who: tuple[str, str], kind: str, act: dict[str, list[str]]) -> bool:
        if who[0] == "bots":
            return kind in _BOTS[next(bot["kind"] for bot in self.access["bots"] if bot["id"] == who[1])]
        if kind in ("advance", "checkpoint"):
            return False
        if kind in ("incident", "drill"):
            verbs = {kind, *(["pause"] if "Mode" in act else [])}
            return all(self.targets({"Agent": [one]}) for one in act.get("Agent", [])) and verbs <= self.verbs(who[1])
        if kind == "resume" and not self.targets(act):  # of a pause that means nobody any more
            return who[1] in self.access["administrators"]["who"]
        return kind == "review" or (bool(self.targets(act)) and kind in self.verbs(who[1]))

    def targets(self, act: dict[str, list[str]]) -> list[str]:
        wanted = act.get("Selector", act.get("Agent", [""]))[0]
        known = [
            path.split("/")[1:3] for path in self.authorised if re.fullmatch("agents/[^/]+/[^/]+/agent.yaml", path)
        ]
        return ["/".join(one) for one in known if wanted in ("/".join(one), f"{one[0]}/*")]

    def verbs(self, person: str) -> set[str]:
        """What somebody may do in production, with any agent: the bindings of these fleets are for all of them."""
        operator = {"pause", "resume", "hold", "review", "incident", "drill"}
        found = set(operator) if person in self.access["administrators"]["who"] else set()
        for one in self.access["bindings"]:
            team: list[str] = next(
                (team["members"] for team in self.access["teams"] if f"team:{team['id']}" in one["who"]), []
            )
            members = {person for person in one["who"] if ":" not in person} | set(team)
            held = next((role["verbs"] for role in self.access["roles"] if role["name"] == one["role"]), operator)
            if person in members:
                found |= {verb for verb in held if verb in _ANYWHERE or "production" in one["environments"]}
        return found

    def on_pause(self, act: dict[str, list[str]], actor: str) -> None:
        need(
            act["Mode"][0] in ("stop", "read-only") and re.fullmatch("[a-z0-9-]+/([a-z0-9-]+|[*])", act["Selector"][0])
        )
        until = act.get("Until", ["0"])[0]
        need(re.fullmatch("0|[1-9][0-9]{0,10}", until))
        order = {"selector": act["Selector"][0], "by": actor, "seq": self.head["seq"], "time": self.head["time"]}
        more = {"mode": act["Mode"][0], "until": int(until), "reason": act["reason"][0]}
        self.records[f"pauses/{act['Id'][0]}.yaml"] = order | more

    def on_resume(self, act: dict[str, list[str]], actor: str) -> None:
        found = [path for path, one in self.records.items() if one.get("selector") == act["Selector"][0]]
        need(found)
        for path in found:
            del self.records[path]

    def on_hold(self, act: dict[str, list[str]], actor: str) -> None:
        agent, state = act["Agent"][0], act["State"][0]
        need(state in ("set", "lifted"))
        hold = {"by": actor, "seq": self.head["seq"], "reason": act["reason"][0] or act["subject"][0]}
        old = self.records.get(f"deployments/{agent}.yaml")
        new = {"agent": agent, **_NOTHING, "hold": hold if state == "set" else None, "alarms": []}
        if old is not None or state == "set":  # an agent that stands nowhere has no record
            self.records[f"deployments/{agent}.yaml"] = new

    def spelled(self, act: dict[str, list[str]]) -> None:
        for name, values in act.items():
            need(name not in _SPELLING or all(re.fullmatch(_SPELLING[name], one, re.DOTALL) for one in values))
        for name in ("Agent", "Alert"):
            need(act.get(name, []) == sorted(set(act.get(name, []))))

    def on_incident(self, act: dict[str, list[str]], actor: str) -> None:
        self.spelled(act)
        step, asked, people = act["Step"][0], act.get("For", [""])[0], {one["id"] for one in self.access["people"]}
        states, must, may = _STEPS[step]
        said = {name for name in act if name[0].isupper()} - {
            "Act",
            "Id",
            "Fleet",
            "Governance",
            "Actor",
            "Time",
            "For",
        }
        said -= {"Incident", "Step"}
        need({"Agent", *must.split()} <= said <= {"Agent", *must.split(), *may.split()})
        need(act["reason"][0] or step not in ("note", "cancel", "message"))
        need(act.get("Kind") == ["drill"] or "Drill" not in act)
        need("Mode" in act or "Until" not in act)
        is_bot = act["Actor"][0].startswith("bot:")
        need(not asked or (is_bot and asked in people))
        need(not asked or {"incident", *(["pause"] if "Mode" in act else [])} <= self.verbs(asked))
        need(not is_bot or step in (_OF_BOTS_ASKED if asked else _OF_BOTS))
        mark = {"by": asked or actor, "act": act["Id"][0], "seq": self.head["seq"], "time": self.head["time"]}
        path = f"incidents/{act['Incident'][0]}.yaml"
        old = self.records.get(path)
        if step == "open":
            need(old is None and act["Incident"][0] == _incident_of(act["Id"][0]))
            need(asked or not is_bot or not self.standing(act))
            new = self.opened(act, mark, {"lead": mark["by"]} if asked or not is_bot else {})
        else:
            need(old is not None and act["Agent"] == old["agents"] and old["state"] in states.split())
            assert old is not None
            new = self.stepped(act, old, mark, people, is_bot)
        self.records[path] = new
        for number, agent in enumerate(act["Agent"] if "Mode" in act else [], 1):
            order = {"selector": agent, "by": mark["by"], "seq": mark["seq"], "time": mark["time"]}
            why = act["reason"][0] or act.get("Title", act["subject"])[0]
            more = {"mode": act["Mode"][0], "until": int(act.get("Until", ["0"])[0]), "reason": why}
            self.records[f"pauses/{act['Id'][0]}{f'-{number}' if number > 1 else ''}.yaml"] = order | more

    def standing(self, act: dict[str, list[str]]) -> bool:
        """Whether an incident of that kind stands for one of the agents."""
        return any(
            one["kind"] == act["Kind"][0] and {*one["agents"]} & {*act["Agent"]}
            for path, one in self.records.items()
            if path.startswith("incidents/") and one["state"] in ("open", "acknowledged", "mitigated")
        )

    def opened(self, act: dict[str, list[str]], mark: dict[str, Any], roles: dict[str, str]) -> dict[str, Any]:
        return {
            "id": act["Incident"][0],
            "title": act["Title"][0],
            "kind": act["Kind"][0],
            "state": "open",
            "severity": int(act["Severity"][0]),
            "agents": act["Agent"],
            "opened": mark,
            **dict.fromkeys(("acknowledged", "mitigated", "resolved", "ended")),
            "roles": roles,
            "alerts": act.get("Alert", []),
            "playbook": act.get("Playbook", [""])[0],
            "drill": act.get("Drill", [""])[0],
            "escalated": 0,
            "sent": [],
        }

    def stepped(
        self, act: dict[str, list[str]], old: dict[str, Any], mark: dict[str, Any], people: set[str], is_bot: bool
    ) -> dict[str, Any]:
        step, new = act["Step"][0], dict(old)
        takes = not is_bot or "For" in act
        if step in ("acknowledge", "mitigate", "resolve") and takes and "lead" not in old["roles"]:
            new["roles"] = {**old["roles"], "lead": mark["by"]}
        if step == "acknowledge":
            new |= {"state": "acknowledged", "acknowledged": mark}
        elif step == "assign":
            role, who = act["Role"][0], act["Who"][0]
            need(act["Leaves"][0] == old["roles"].get(role, "none") and who in people)
            new["roles"] = dict(sorted({**old["roles"], role: who}.items()))
        elif step == "severity":
            new["severity"] = int(act["Severity"][0])
            need(not is_bot or new["severity"] <= old["severity"])
        elif step == "alert":
            new["alerts"] = sorted({*old["alerts"], *act["Alert"]})
        elif step in ("mitigate", "resolve"):
            passed = ["acknowledged", "mitigated", "resolved"][: 2 if step == "mitigate" else 3]
            new |= {name: old[name] or mark for name in passed} | {"state": passed[-1]}
        elif step in ("close", "cancel"):
            new |= {"state": "closed" if step == "close" else "cancelled", "ended": mark}
            owes = old["kind"] == "real" and old["severity"] < 4
            review = f"incidents/{old['id'][:4]}/{old['id']}/review.md"
            need(step == "cancel" or not owes or review in self.authorised)
        elif step == "message" and "Comms" in act:
            need(act["Comms"][0] not in old["sent"])
            new["sent"] = [*old["sent"], act["Comms"][0]]
        elif step == "escalate":
            need(act["Level"][0] == str(old["escalated"] + 1))
            new["escalated"] = old["escalated"] + 1
        return new

    def on_drill(self, act: dict[str, list[str]], actor: str) -> None:
        self.spelled(act)
        objectives = [one.split(" ") for one in act.get("Objective", [])]
        need(len({one[0] for one in objectives}) == len(objectives) <= 64)
        need(int(act["Started"][0]) <= int(act["Ended"][0]))
        made = self.records.get(f"incidents/{act.get('Incident', [''])[0]}.yaml")
        need("Incident" not in act or (made is not None and made["kind"] == "drill"))
        self.records[f"drills/{act['Drill'][0]}.yaml"] = {
            "name": act["Drill"][0],
            "type": act["Type"][0],
            "agents": act.get("Agent", []),
            "by": actor,
            "act": act["Id"][0],
            "seq": self.head["seq"],
            "time": self.head["time"],
            "started": int(act["Started"][0]),
            "ended": int(act["Ended"][0]),
            "score": int(act["Score"][0]),
            "gaps": int(act["Gaps"][0]),
            "objectives": [{"id": one[0], "met": one[1] == "met", "observed": one[2]} for one in objectives],
            "incident": act.get("Incident", [""])[0],
            "report": act.get("Report", [""])[0],
        }

    def on_review(self, act: dict[str, list[str]], actor: str) -> None:
        said = [re.fullmatch(r'(\S+) (\S+) ("agents/[ -~]+")', one) for one in act.get("Path", [])]
        need(said and all(said) and act["Verdict"][0] in ("approve", "request-changes", "withdraw"))
        paths = [{"path": json.loads(one[3]), "old": one[1], "new": one[2]} for one in said if one]
        content = r"-|100(644|755):[0-9a-f]{64}"
        need(all(re.fullmatch(content, one["old"]) and re.fullmatch(content, one["new"]) for one in paths))
        need(len({one["path"] for one in paths}) == len(paths) and all(one["old"] != one["new"] for one in paths))
        need(re.fullmatch("[0-9a-f]{64}", act["Requirements"][0]))
        need(all(re.fullmatch("[a-z0-9-]+/[a-z0-9-]+ [0-9a-f]{64}", one) for one in act.get("Closure", [])))
        withdrawn = act["Verdict"][0] == "withdraw"
        news = {one["path"]: one["new"] for one in paths}
        gone = self.fewer(
            lambda by, one: by == actor and one["path"] in news and (withdrawn or one["new"] == news[one["path"]])
        )
        need(gone or not withdrawn)
        if not withdrawn:
            record = {"by": actor, "verdict": act["Verdict"][0], "seq": self.head["seq"], "time": self.head["time"]}
            self.records[f"reviews/{act['Id'][0]}.yaml"] = record | {"paths": paths}

    def fewer(self, goes: Any) -> bool:
        """Take entries out of the open reviews; whether there were any."""
        found = False
        for path, review in list(self.records.items()):
            if path.startswith("reviews/"):
                left = [one for one in review["paths"] if not goes(review["by"], one)]
                found |= left != review["paths"]
                self.records[path] = review | {"paths": left}
                if not left:
                    del self.records[path]
        return found

    def differing(self, main: str) -> dict[str, tuple[tuple[str, str] | None, tuple[str, str] | None]]:
        tree = re.match(rb"tree ([0-9a-f]{40})\n", self.raw(main))
        assert tree is not None
        files = {path: one for path, one in self.files(tree[1].decode()).items() if path != "README.md"}
        paths = sorted(files.keys() | self.authorised.keys())
        return {
            path: (self.authorised.get(path), files.get(path))
            for path in paths
            if self.authorised.get(path) != files.get(path)
        }

    def on_checkpoint(self, act: dict[str, list[str]], actor: str) -> None:
        need("Main" not in act or set(self.differing(act["Main"][0])) <= set(self.pending))
        lines = [line.split(" ") for line in act.get("Ledger", [])]
        need([one[:2] for one in lines] == sorted([list(two) for two in {tuple(one[:2]) for one in lines}]))
        for log, tree, size, root, signature in lines:
            need(actor == "gate" and re.fullmatch("[0-9a-f]{16}", log) and re.fullmatch("_?[a-z0-9-]+", tree))
            need(re.fullmatch("[1-9][0-9]*", size) and re.fullmatch("[0-9a-f]{64}", root))
            need(re.fullmatch("[A-Za-z0-9+/]{91}=", signature))
            path = f"ledger/{log}/{tree}.yaml"
            old = self.records.get(path, {"size": 0, "root": ""})
            need(int(size) > old["size"] or (int(size), root) == (old["size"], old["root"]))
            there = {"seq": self.head["seq"], "time": self.head["time"]}
            self.records[path] = {
                "tree": tree,
                "log": log,
                "size": int(size),
                "root": root,
                "signature": signature,
            } | there

    def on_advance(self, act: dict[str, list[str]], actor: str) -> None:
        main, accepted = act["Main"][0], {}
        differing = self.differing(main)
        since = {path: self.pending.get(path, self.head["main"]) for path in differing}
        for path, (old, new) in differing.items():
            need(path.startswith("agents/"))
            if self.passes(path, self.content(old), self.content(new), self.authors(path, main, since[path])):
                accepted[path] = new
        self.authorised = {path: one for path, one in (self.authorised | accepted).items() if one is not None}
        self.pending = {path: since[path] for path in differing if path not in accepted}
        self.fewer(lambda by, one: one["path"] in accepted)
        need(self.files(act["Authorised"][0]) == self.authorised)

    def content(self, entry: tuple[str, str] | None) -> str:
        return f"{entry[0]}:{hashlib.sha256(self.blob(entry[1])).hexdigest()}" if entry is not None else "-"

    def history(self, tip: str) -> list[str]:
        found, waiting = [], [tip]
        while waiting:
            oid = waiting.pop()
            if oid not in found:
                found.append(oid)
                waiting += self.parents(oid)
        return found

    def authors(self, path: str, main: str, since: str) -> set[str]:
        """Who wrote a path since then; "?" is somebody whom Access does not know."""
        people = {mail: one["id"] for one in self.access["people"] for mail in one.get("emails", [])}
        found, old = set(), self.history(since)
        for oid in self.history(main):
            head = self.raw(oid).decode().split("\n\n")[0]
            parents = self.parents(oid)
            trees = [
                self.files(re.findall("^tree (.{40})$", self.raw(one).decode(), re.MULTILINE)[0]).get(path)
                for one in (oid, *parents)
            ]
            if oid not in old and trees[0] not in (trees[1:] or [None]):
                found |= {
                    people.get(mail, "?") for mail in re.findall("^(?:author|committer) .*<(.*)>", head, re.MULTILINE)
                }
        return found or {"?"}

    def passes(self, path: str, old: str, new: str, authors: set[str]) -> bool:
        line = [
            line.split() for line in self.owners if line and (line[0] == "*" or f"/{path}".startswith(line.split()[0]))
        ][-1]
        owners = next(set(team["members"]) for team in self.access["teams"] if set(team["handles"]) & set(line[1:]))
        agent = "/".join(path.split("/")[:3])
        risk = yaml.safe_load(self.blob(self.authorised[f"{agent}/agent.yaml"][1]))["spec"]["risk"]
        needed = 2 if risk in ("high", "critical") or "?" in authors else 1
        counted: dict[tuple[str, str], set[str]] = {}
        for review in self.records.values():
            for one in review.get("paths", ()):
                if one["path"] == path and "review" in self.verbs(review["by"]):
                    if review["verdict"] == "request-changes" and one["new"] == new:
                        return False
                    if review["verdict"] == "approve" and review["by"] not in authors:
                        counted.setdefault((one["old"], one["new"]), set()).add(review["by"])
        steps = {step for step, people in counted.items() if len(people & owners) >= needed}
        reached = {old}
        for _ in steps:
            reached |= {end for start, end in steps if start in reached}
        return new in reached


def _incident_of(act: str) -> str:
    """The id that an act gives to the incident that it opens: its day, and the last letters of its own id."""
    milliseconds = 0
    for letter in act[:10]:
        milliseconds = milliseconds * 32 + "0123456789ABCDEFGHJKMNPQRSTVWXYZ".index(letter)
    day = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return f"{day:%Y-%m%d}-{act[-4:].lower()}"


def _all_objects(repository: Path) -> dict[str, tuple[str, bytes]]:
    command = ["git", "cat-file", "--batch-all-objects", "--batch"]
    out = subprocess.run(command, cwd=repository, capture_output=True, check=True).stdout
    found = {}
    while out:
        head, _, out = out.partition(b"\n")
        oid, kind, size = head.decode().split(" ")
        found[oid], out = (kind, out[: int(size)]), out[int(size) + 1 :]
    return found


def _string(data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + data


def _strings(data: bytes, count: int) -> list[bytes]:
    found = []
    while data:
        size = int.from_bytes(data[:4], "big")
        need(len(data) >= 4 + size)
        found.append(data[4 : 4 + size])
        data = data[4 + size :]
    need(len(found) == count)
    return found


def _spelled(record: dict[str, Any], indent: str = "") -> list[str]:
    lines = []
    for key, value in record.items():
        if isinstance(value, dict) and value:
            lines += [f"{indent}{_scalar(key)}:", *_spelled(value, indent + "  ")]
        elif isinstance(value, list) and value:
            lines.append(f"{indent}{_scalar(key)}:")
            for item in value:
                first, *rest = _spelled(item, indent + "    ") if isinstance(item, dict) else [_scalar(item)]
                lines += [f"{indent}  - {first.strip()}", *rest]
        else:
            lines.append(f"{indent}{_scalar(key)}: {_scalar(value)}")
    return lines


def _scalar(value: object) -> str:
    if not isinstance(value, str):
        return json.dumps(value)
    plain = _PLAIN.match(value) and value.lower() not in ("true", "false", "null", "yes", "no", "on", "off", "y", "n")
    return value if plain else json.dumps(value)
