"""Every code that a finding may carry, with its severity and one line of meaning; docs/findings.md explains them.

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
    "layout.not-a-file": (_E, "A folder, symbolic link or submodule where a file must be."),
    # Text
    "text.hidden-character": (_E, "A bidirectional, zero-width or control character."),
}


def finding(code: str, where: Location, message: str, fix: str = "") -> Finding:
    """A finding with the severity of its code; KeyError for a code that is not registered."""
    return Finding(code, CODES[code][0], where, message, fix)
