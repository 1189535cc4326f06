"""Every code that a finding may carry, with its severity and one line of meaning; docs/findings/ explains them.

A code is stable: it is never reused for something else. Nothing here looks at files.
"""

from agentgov.model.finding import Finding, Severity
from agentgov.model.verdict import Location

_E, _W = Severity.ERROR, Severity.WARNING

CODES: dict[str, tuple[Severity, str]] = {
    # Bytes and YAML
    "file.too-large": (_E, "A governed file is larger than 1 MiB."),
    "yaml.not-utf8": (_E, "A file is not UTF-8 text."),
    "yaml.byte-order-mark": (_W, "A file starts with a byte order mark."),
    "yaml.line-separator": (_E, "A line separator that YAML 1.1 and 1.2 readers treat differently."),
    "yaml.directive": (_E, "A YAML directive other than %YAML 1.2."),
    "yaml.syntax": (_E, "The text is not YAML."),
    "yaml.empty": (_E, "The document is empty."),
    "yaml.several-documents": (_E, "A file holds more than one YAML document."),
    "yaml.duplicate-key": (_E, "A mapping has the same key twice."),
    "yaml.merge-key": (_E, "A merge key (<<)."),
    "yaml.tag": (_E, "An explicit YAML tag."),
    "yaml.key-not-text": (_E, "A key that is not text."),
    "yaml.number": (_E, "A number that is not finite or does not fit in 64 bits."),
    "yaml.alias": (_E, "An alias without an anchor, or inside its own anchor."),
    "yaml.too-deep": (_E, "More than 64 levels of nesting."),
    "yaml.too-many-nodes": (_E, "More than 200,000 values, aliases expanded."),
    # Schema
    "schema.unknown-field": (_E, "A field that the kind does not have."),
    "schema.missing-field": (_E, "A required field is missing."),
    "schema.wrong-type": (_E, "A value of the wrong type."),
    "schema.not-one-of": (_E, "A word that is not on the list of the field."),
    "schema.wrong-form": (_E, "A text that does not have the form of the field: a duration, money, an id."),
    "schema.out-of-range": (_E, "A number, text or list that is too small or too large."),
    "schema.repeated": (_E, "A list holds the same entry twice."),
    "schema.invalid": (_E, "The document breaks the schema in another way."),
    # Layout
    "layout.file-missing": (_E, "A file that every fleet has is missing."),
    "layout.not-a-file": (_E, "A folder or something else where a file must be."),
    "layout.symlink": (_E, "A symbolic link in a governed path."),
    "layout.submodule": (_E, "A submodule in a governed path."),
    "layout.unexpected-file": (_E, "A file where nothing reads it, such as agent.yml."),
    "layout.not-read-yet": (_W, "A kind of document that this version does not read."),
    "layout.bad-name": (_E, "A workspace or agent folder whose name is no DNS label."),
    "layout.name-mismatch": (_E, "A name that is not that of its folder or file."),
    "layout.agent-missing": (_E, "A folder below a workspace without agent.yaml."),
    "layout.agent-removed": (_E, "A change removes an agent that has not been retired."),
    "layout.collision": (_E, "Paths that differ only in case or Unicode form."),
    "layout.unmerged": (_E, "A conflict of a merge that is not resolved."),
    "layout.path-characters": (_E, "A path that is not UTF-8, or that holds hidden characters."),
    # Access (decided in agentgov.trust)
    "access.duplicate-id": (_E, "Two people, bots or teams have one id."),
    "access.key-unusable": (_E, "A key that cannot be read or is too weak."),
    "access.key-shared": (_E, "One key on two people or bots."),
    "access.duplicate-email": (_E, "One e-mail address on two people."),
    "access.duplicate-account": (_E, "One forge account or login on two people."),
    "access.duplicate-handle": (_E, "One CODEOWNERS handle on two teams."),
    "access.threshold": (_E, "A threshold of administrators that is zero or cannot be met."),
    "access.unknown-member": (_E, "A person or team that Access does not list."),
    "access.duplicate-role": (_E, "A role that is defined twice, or is built in."),
    "access.unknown-verb": (_E, "A verb that does not exist, or that no role can give."),
    "access.unknown-role": (_E, "A binding of a role that does not exist."),
    "access.scope": (_E, "A pattern that can cover no agent."),
    "access.until": (_E, "A date that does not exist."),
    # References
    "reference.file-missing": (_E, "A file that a document names does not exist."),
    "reference.escapes": (_E, "A path that leads out of the agent's folder and the shared one."),
    "reference.not-a-schema": (_E, "A tool's `args` file is not a JSON Schema."),
    "reference.workspace-missing": (_E, "Agents in a workspace that governance does not know."),
    "reference.unknown-person": (_E, "A person who is not in Access."),
    "reference.unknown-team": (_E, "A team that is not in Access."),
    "reference.unknown-role": (_E, "A role that does not exist."),
    "reference.unknown-change": (_E, "A review rule about a change that the diff does not know."),
    # Limits of the workspace
    "limit.model": (_E, "A model that the workspace does not allow."),
    "limit.tool": (_E, "A tool that the workspace denies."),
    "limit.risk": (_E, "A risk below the floor of the workspace."),
    "limit.data": (_E, "Data above the ceiling of the workspace."),
    "limit.currency": (_E, "An amount in another currency than the fleet's."),
    # Ownership
    "owner.no-codeowners": (_E, "There is no CODEOWNERS file."),
    "owner.unowned": (_E, "An agent's or governance file without owner."),
    "owner.nobody": (_E, "Owners of governed paths none of whom can review."),
    "owner.unknown": (_W, "One of several owners is not in Access."),
    "owner.cannot-review": (_W, "An owner without the right to review what they own."),
    "owner.forge-role": (_W, "An owner that is a role in GitLab, which nobody here can resolve."),
    "owner.too-few": (_W, "Too few owners for the reviews needed, once the author is taken away."),
    "owner.one-person-fleet": (_W, "One person only: nobody can review."),
    "owner.disagrees": (_E, "The accountable owner of an agent does not own its folder."),
    "owner.shadowed": (_W, "A second CODEOWNERS file that does not decide."),
    "codeowners.too-large": (_E, "CODEOWNERS is larger than the forge reads."),
    "codeowners.not-text": (_E, "CODEOWNERS is binary to GitLab."),
    "codeowners.invalid-pattern": (_E, "A line of CODEOWNERS whose pattern GitHub skips."),
    "codeowners.invalid-section": (_E, "A heading that GitLab reads in another way, or not at all."),
    "codeowners.invalid-owner": (_E, "A line of CODEOWNERS with an owner that is none."),
    "codeowners.no-owners": (_W, "An entry of GitLab's dialect that asks nobody."),
    "codeowners.inline-comment": (_W, "A comment behind an entry, which GitLab does not know."),
    "codeowners.never-matches": (_W, "A line of CODEOWNERS that can match nothing."),
    "codeowners.repeated-pattern": (_W, "A line of CODEOWNERS that a later one overrides."),
    # Content
    "content.duplicate-tool": (_E, "A tool is listed twice."),
    "content.irreversible-without-rule": (_E, "An irreversible tool without an action rule."),
    "content.tool-never-allowed": (_W, "A tool that no action rule is about: always denied."),
    "content.rule-matches-nothing": (_W, "An action rule about a tool that the agent does not have."),
    "content.quota-without-tool": (_E, "A quota about a tool that the agent does not have."),
    "content.too-few-people": (_E, "More approvals are asked for than there are people."),
    "content.budget-order": (_W, "A budget of a run above that of a day, or of a day above a month."),
    "content.lease-order": (_E, "A config that expires before it is refreshed."),
    "content.no-such-date": (_E, "A date that does not exist."),
    "content.unknown-zone": (_E, "A time zone that does not exist."),
    "content.environment": (_E, "An environment that is not a valid agent once resolved."),
    "content.no-oncall": (_E, "An active agent that nobody is on call for."),
    "content.no-budget": (_E, "An active agent without a budget in production."),
    "content.no-playbook": (_W, "An active agent without a playbook."),
    "content.formerly": (_E, "Two agents with one past, or a past that is still an agent."),
    "content.exempt-governed": (_E, "An exemption from review that covers governed paths."),
    "content.path-pattern": (_E, "A path pattern that CODEOWNERS does not know."),
    "content.steps-order": (_E, "Canary steps whose shares do not rise."),
    "content.freeze": (_E, "A freeze that does not say when."),
    "prompt.not-utf8": (_E, "A prompt that is not UTF-8 text."),
    "prompt.empty": (_W, "A prompt without text."),
    "prompt.undeclared-variable": (_E, "A text uses a variable that is not declared."),
    "prompt.unused-variable": (_W, "A declared variable that no text uses."),
    # Secrets
    "secret.literal": (_E, "A text with the shape of a known token or key."),
    "secret.suspicious": (_W, "A value that may be a secret."),
    # Suppressions
    "suppress.malformed": (_E, "A mark to suppress a finding that does not have the form."),
    "suppress.no-reason": (_E, "A mark to suppress a finding without a reason."),
    "suppress.unknown-code": (_E, "A code that does not exist, where findings are suppressed."),
    "suppress.forbidden": (_W, "A mark to suppress a finding that may not be suppressed here."),
    "suppress.unused": (_W, "A mark to suppress a finding that is not there."),
    # Imports (agentgov.validate.worklist, agentgov.importers)
    "import.secret": (_W, "A literal secret in the source of an import, which was left out."),
    "import.workspace": (_W, "Imported agents in a workspace that governance does not know yet."),
    "import.fill-in": (_E, "A line of an imported agent that somebody still has to fill in."),
    # Text
    "text.hidden-character": (_E, "A bidirectional, zero-width or control character."),
}


def finding(code: str, where: Location, message: str, fix: str = "") -> Finding:
    """A finding with the severity of its code; KeyError for a code that is not registered."""
    return Finding(code, CODES[code][0], where, message, fix)
