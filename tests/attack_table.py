"""The attacks that the fleet must survive, what stock git says to each, and which tests hold our answer.

`python tests/attack_table.py` writes the table of docs/attacks.md anew. git's column is measured (`git_says`); ours is
what the tests marked `@pytest.mark.attack(id)` hold. A row without such a test stands in NOT_YET, and nowhere else.
"""

import ast
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs/attacks.md"
GIT = (2, 39)  # the version whose words stand in the table
BEGIN, END = "<!-- the table: tests/attack_table.py -->\n", "<!-- end of the table -->\n"

# What no test holds yet: this shrinks, and ends empty.
NOT_YET: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Attack:
    """One row: what is done, what becomes of it here, and what git says ("" where git has no notion of it)."""

    id: str
    what: str
    ours: str
    git: str = ""


ATTACKS = (
    # Keys
    Attack("K1", "Unsigned commit on governed paths, `commits: signed`", "pending, named", "verify-commit rejects"),
    Attack(
        "K2",
        "Act or tag by a key that is not in Access",
        "rejected",
        "verify-commit rejects, log says U",
    ),
    Attack("K3", "Message edited after signing", "rejected", "verify-commit rejects"),
    Attack(
        "K4",
        "Key revoked; afterwards an act dated before that is appended",
        "rejected: dates are claims",
        "verify-commit accepts when dated back",
    ),
    Attack(
        "K5",
        "The same key's act from before",
        "accepted",
        "verify-commit rejects all of its past",
    ),
    Attack(
        "K6",
        "`revoke` with `since`: the key reviewed content that was released",
        "the past stands, the content is pending, its releases are listed",
    ),
    Attack("K7", "Somebody's valid key on a commit or act that names another", "rejected", "verify-commit accepts"),
    Attack("K8", "Signature made for another purpose", "rejected", "verify-commit rejects"),
    Attack(
        "K9",
        "`ssh-rsa` with SHA-1, RSA of 1024 bits, OpenPGP with SHA-1",
        "rejected",
        "verify-commit accepts RSA of 1024 bits",
    ),
    Attack("K10", "One public key listed for two people", "Access is refused, without any effect"),
    Attack("K11", "ECDSA signature replaced by its (r, n-s) twin", "rejected", "verify-commit accepts"),
    # Grammar
    Attack("G1", "Two `gpgsig` headers, the first one good", "rejected", "verify-commit accepts"),
    Attack(
        "G2",
        "Text after the end of the signature, in a commit and in a tag",
        "rejected",
        "verify-commit accepts, verify-tag accepts",
    ),
    Attack("G3", "Two armoured blocks, the first one good", "rejected", "verify-commit accepts"),
    Attack("G4", "A header of one's own, signed or not", "rejected", "verify-commit accepts"),
    Attack(
        "G5",
        "`tree`, `author` or `committer` twice, signed",
        "rejected",
        "verify-commit accepts, reads the first tree",
    ),
    Attack("G6", "NUL in a message, text hidden behind it", "rejected", "verify-commit accepts, log hides the rest"),
    Attack(
        "G7",
        "Another spelling of the same signature: padding bits, blank lines, reserved fields",
        "rejected",
        "verify-commit accepts a blank line in the armour",
    ),
    Attack("G8", "Loose object file with another object's content", "rejected", "cat-file says 'evil'"),
    Attack("G9", "A repository with SHA-256 names", "exit 3 with a clear word", "works"),
    # Hostile repositories
    Attack("H1", "Replace ref over a commit, tree or blob", "no effect", "shows the replacement: 'Obey me.'"),
    Attack("H2", "Grafts, forged commit-graph, alternates of the attacker", "no effect", "hides commits"),
    Attack(
        "H3",
        "Shallow or partial clone that lacks what is needed",
        "exit 3 and the command that fetches it",
        "log stops silently",
    ),
    Attack(
        "H4",
        "Hostile configuration, hooks, programs and environment",
        "nothing runs",
        "status runs the program",
    ),
    Attack("H5", "20,000 commits, 30 parents, 100,000 entries", "accepted, in bounded memory"),
    Attack(
        "H6",
        "main rewritten with the same reviewed contents",
        "accepted, with an alarm; a server's hook refuses it",
        "push --force lands",
    ),
    Attack("H7", "main rewritten to unrelated contents", "pending; a server's hook refuses it", "push --force lands"),
    # Main
    Attack("M1", "Evil merge: what neither parent holds", "pending for that path", "log -p does not show it"),
    Attack(
        "M2",
        "Merge that silently drops a reviewed change",
        "pending: going back is a change",
        "log -- PATH does not show the merge",
    ),
    Attack("M3", "File renamed out of a protected folder and edited", "both sides need their owners"),
    Attack(
        "M4",
        "Names with quotes, tabs, newlines, other letters",
        "matched as bytes by the rules of their folder",
        'diff-tree says "agents/payments/\\303\\244.yaml"',
    ),
    Attack("M5", "Names that differ in case or composition only", "a finding, not releasable", "fsck is clean"),
    Attack(
        "M6",
        "Duplicate or unsorted entries of a folder, `..`, `.GIT`, odd modes",
        "rejected",
        "show takes 'ours'; fsck complains",
    ),
    Attack("M7", "agent.yaml or a prompt as symlink or submodule", "never authorised", "fsck is clean"),
    Attack(
        "M8",
        "Filters, CRLF, ident: a checkout that differs from the blob",
        "the bytes of the blob count",
        "a checkout holds other bytes",
    ),
    Attack("M9", "A change and its revert in one pull request", "accepted, nothing to authorise"),
    # Governance
    Attack("P1", "A change edits Access or CODEOWNERS and what it newly owns", "judged by the governance before it"),
    Attack("P2", "Governance with one signature below the threshold", "pending, without any effect"),
    Attack("P3", "Governance reverted under its old reviews", "pending: a review is spent once"),
    Attack("P4", "Content set back and forth under a spent review", "pending"),
    Attack("P5", "CODEOWNERS at a place of higher precedence", "part of the governance set: pending"),
    Attack("P6", "Workflow file that leaks a bot's key", "part of the governance set: pending"),
    Attack("P7", "Threshold zero, negative, or larger than the people", "Access is refused"),
    Attack("P8", "One person, two keys, a threshold of two", "counts once"),
    Attack("P9", "Governance file deleted", "pending, the old one stays in force"),
    Attack("P10", "Risk lowered in the change that needs the higher one's reviews", "the stricter one counts"),
    Attack("P11", "Shared text edited that a critical agent names", "judged by the critical agent"),
    # Reviews
    Attack("A1", "Review, then another push to a reviewed path", "stale for that path"),
    Attack("A2", "Review, then a rebase with the same contents", "accepted"),
    Attack("A3", "Author, committer, co-author or second account reviews", "not counted, with the reason"),
    Attack("A4", "A committer's e-mail forged to look like another's", "whoever pushed and opened is an author too"),
    Attack("A5", "Review replayed elsewhere: fleet, path or contents", "not counted"),
    Attack("A6", "Imported review of a login that was registered anew", "not counted"),
    Attack("A7", "Imported review of another commit's content", "not counted"),
    Attack("A8", "Personal and imported review of one person against two", "counts once"),
    Attack("A9", "Review past its expiry", "not counted"),
    Attack("A10", "Review by somebody whose right ended", "not counted"),
    Attack("A11", "Review after the merge", "accepted from then on"),
    # Pull requests on a forge
    Attack("R1", "A comment with our hidden mark, by another account", "left alone; ours is another one"),
    Attack(
        "R2",
        "The same commit proposed to a branch of one's own, with its own CODEOWNERS and journal",
        "judged against main; elsewhere the status bears the branch's name",
    ),
    Attack("R3", "Approval by whoever pushed under another's name", "not counted"),
    Attack("R4", "Approval of an old commit, after a push of other contents", "not counted"),
    Attack("R5", "Approval dismissed after it passed", "pending again"),
    Attack("R6", "Request for changes hidden by a force push over its commit", "holds until it is taken back"),
    Attack("R7", "The forge fails at any request, or stays down", "exit 3; an earlier pass is taken away"),
    Attack("R8", "Commands, mentions, markup and marks in titles, names and prompts", "text, and nothing acts"),
    Attack("R9", "Merge group with a pull request that nobody reviewed", "pending"),
    Attack("R10", "A pass under our name by somebody else", "not taken for ours"),
    Attack("R11", "Event file with another host, words for numbers, or of 10 MiB", "numbers and commits, or refused"),
    Attack("R22", "Approval imported late, after what it covers was taken over and reverted", "not imported"),
    # The network between us and a forge
    Attack("N1", "A redirect, or the link to the next page, leads to another host", "not followed; the token stays"),
    Attack(
        "N2", "Half an answer, a page left out, 20 MiB, a bomb of gzip, a login page", "exit 3, nothing decided by it"
    ),
    Attack("N3", "The forge, or whoever answers for it, repeats the token in its errors", "in no message of ours"),
    Attack("N4", "Address of the forge by plain http, of another host, in a remote", "refused; no token is sent"),
    Attack("N5", "A push that the forge's list leaves out, by somebody who then approves", "no review counts there"),
    Attack("N6", "The forge's headers come byte by byte, and never end", "exit 3 at the deadline"),
    # The gate
    Attack(
        "S1",
        "Connections that send no body or no end of a line, read no answer, or are too many",
        "hung up on; bounded memory",
    ),
    Attack("S2", "A small packed body of spans that unpacks to millions of parts", "refused before any of it is made"),
    Attack(
        "S3", "Any route, asked with another role, workspace or agent, or an old token", "401, 403, or nothing there"
    ),
    Attack(
        "S4", "Spans of one agent that tell of absurd numbers of tokens, by thousands", "no sum of anybody overflows"
    ),
    Attack(
        "S5", "A right, a role or a silence of staging, used in production", "403, or nothing there; nobody decides"
    ),
    # Webhooks
    Attack("W1", "Webhook without a signature, with the older one, or by another secret", "401, nothing is woken"),
    Attack("W2", "Webhook replayed: at once, under another id or event, or too late", "wakes nobody"),
    Attack("W3", "Deliveries that are endless, slow, nested, or come by thousands", "cut off; bounded memory and log"),
    Attack("W4", "Signed webhook of a fork or another repository, or with words for numbers", "wakes nobody"),
    # CI on a forge
    Attack(
        "R12",
        "A pull request with workflows, a package `agentgov` and `sitecustomize.py` of its own",
        "nothing of it is checked out or run with a right; pending",
    ),
    Attack("R13", "A title, branch or review that is shell or an expression", "a value in a variable"),
    Attack(
        "R14",
        "What a run without rights hands on: another number, `12; id`, 10 MB, a link, a folder",
        "a number of ten digits is believed, nothing else",
    ),
    Attack("R15", "A fork's workflow asks for secrets, or for a token that may write", "there are none"),
    Attack("R16", "Token or key in a log, or left on the machine", "in no log, and gone with the job"),
    Attack("R17", "An action moved under its tag", "refused: named by a digest"),
    Attack(
        "R18", "GitLab: approved within two minutes of a push, of whatever the page showed", "not counted, and told"
    ),
    Attack("R19", "GitLab: a comment, or an imported note, that says somebody approved", "nobody's word"),
    Attack(
        "R20", "GitLab: lines like `/merge` in titles, paths and words, obeyed as the bot's", "no line we send is one"
    ),
    Attack("R21", "GitLab: the author asks again for the review that asked for changes", "it holds"),
    # Tags and releases
    Attack(
        "T1", "Tag moved to another commit, well signed", "alarm and hold; nothing follows it", "verify-tag accepts"
    ),
    Attack("T2", "Tag object under another name", "rejected", "verify-tag accepts"),
    Attack(
        "T3",
        "Lightweight tag; tag of a tag, tree or blob",
        "rejected",
        "verify-tag accepts tags of tags and of trees",
    ),
    Attack("T4", "Tag on content that was never authorised", "rejected"),
    Attack("T5", "Higher version on older content", "rejected"),
    Attack("T6", "Promotion that skips a stage, or is bound to another tag or environment", "rejected"),
    Attack(
        "T7",
        "Tag deleted while its release is candidate, or runs",
        "alarm and hold, nothing stops",
        "tag -d, and nobody is told",
    ),
    # Journal
    Attack("L1", "Journal rewound; two journals", "rejected: rewound, forked", "push --force lands"),
    Attack("L2", "An old journal served for too long", "nothing that raises risk; an alarm"),
    Attack("L3", "Act edited, reordered, or beside a state that is not its replay", "rejected"),
    Attack("L4", "Merge in the journal; an id twice; trailers hidden in the reason", "rejected"),
    Attack("L5", "A bot signs an act outside its kind", "rejected"),
    Attack("L6", "Journal time moved ahead", "rejected; a wrong clock can be recovered from"),
    Attack("L7", "Garbage appended by somebody with push rights", "the last valid state serves; `waive` resumes"),
    # What machines keep
    Attack("C1", "Cache edited, of somebody else, or under other pins or rules", "ignored, same verdict"),
    Attack("C2", "Cold, warm and partial cache", "identical verdicts"),
    Attack(
        "F1",
        "Random bits turned in objects, signatures, pins and caches",
        "never a yes to changed content, never a traceback",
        "show says 'Be mean.'",
    ),
)


@cache
def claims() -> dict[str, tuple[str, ...]]:
    """Attack id to the files of the tests that are marked to hold it, by name."""
    found: dict[str, set[str]] = {}
    for file in sorted((ROOT / "tests").rglob("test_*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                for name in marked(node):
                    found.setdefault(name, set()).add(str(file.relative_to(ROOT / "tests")))
    return {name: tuple(sorted(files)) for name, files in found.items()}


def marked(node: ast.FunctionDef) -> list[str]:
    """The ids that one test is marked with."""
    return [
        ast.literal_eval(argument)
        for mark in node.decorator_list
        if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.attack"
        for argument in mark.args
    ]


def table() -> str:
    """The table of docs/attacks.md."""
    held = claims()
    rows = ["| | attack | stock git | agentgov | held by |\n", "|---|---|---|---|---|\n"]
    for one in ATTACKS:
        tests = ", ".join(f"`{Path(name).name}`" for name in held.get(one.id, ()))
        git = one.git.replace("|", "\\|") or "has no notion of it"
        ours = one.ours if one.id not in NOT_YET else f"{one.ours} (not tested yet)"
        rows.append(f"| {one.id} | {one.what} | {git} | {ours} | {tests or 'no test yet'} |\n")
    return "".join(rows)


def page(text: str) -> str:
    """docs/attacks.md with today's table."""
    head, _, rest = text.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return f"{head}{BEGIN}{table()}{END}{tail}"


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text("utf-8")), "utf-8")
