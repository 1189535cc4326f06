"""The rule ids of signatures and of objects of git: a part of `model.rule_ids`, in the order of docs/rules.md."""

from agentgov.model.rule_id import RuleId

_CLONE = "Fetch it again from a clone that you trust; git fsck tells what is damaged."

OBJECT_RULES: tuple[RuleId, ...] = (
    # Signatures
    RuleId("signature.malformed", "The signature cannot be read as one of SSH.", "Sign again."),
    RuleId("signature.namespace", "The signature was made for another purpose.", "Sign again."),
    RuleId("signature.invalid", "The signature does not fit these bytes.", "Sign again with your own key."),
    RuleId(
        "signature.algorithm", "The signature is of a kind that does not count.", "Sign with a key of docs/keys.md."
    ),
    RuleId("signature.weak-key", "The key is too weak: others could sign with it.", "Make a new key."),
    RuleId("signature.high-s", "An ECDSA signature in the form that anybody can make from the other.", "Sign again."),
    RuleId("signature.no-presence", "The security key signed without being touched.", "Sign again, and touch it."),
    # Objects of git, read strictly
    RuleId("object.hash-mismatch", "A stored object holds another object's content.", _CLONE),
    RuleId("object.collision", "An object was made to collide with another one of the same SHA-1 name.", _CLONE),
    RuleId("object.wrong-type", "An object is of another kind than is needed.", _CLONE),
    RuleId("object.damaged", "A stored object is damaged.", _CLONE),
    RuleId("object.too-large", "An object is larger than is ever read.", "Keep large files out of the fleet."),
    RuleId("object.malformed", "An object does not follow git's grammar.", _CLONE),
    RuleId("object.nul", "An object holds a NUL byte, behind which text can hide.", _CLONE),
    RuleId("object.bad-header", "A header of an object has no value that counts.", _CLONE),
    RuleId("object.missing-header", "A header of an object is missing or out of place.", _CLONE),
    RuleId("object.duplicate-header", "A header of an object appears twice.", _CLONE),
    RuleId("object.unknown-header", "A header that is not allowed in what is signed.", _CLONE),
    RuleId("object.header-order", "The headers of an object are out of order.", _CLONE),
    RuleId("object.bad-ident", "An author or committer is not of git's form.", _CLONE),
    RuleId("object.bad-signature-block", "A signature block does not begin or end as one.", _CLONE),
    RuleId("object.second-signature", "An object carries two signatures, and only one can be meant.", _CLONE),
    RuleId("object.text-after-signature", "There is text behind the signature, which it does not cover.", _CLONE),
    RuleId("tree.malformed", "A folder in git holds an entry with an odd mode or name.", _CLONE),
    RuleId("tree.unsorted", "A folder in git is not in git's order.", _CLONE),
    RuleId("tree.duplicate-entry", "A folder in git holds two entries of one name.", _CLONE),
    RuleId("tree.bad-name", "A folder in git holds a name such as .git or `..`.", _CLONE),
    RuleId("tree.too-large", "Folders are nested too deep, or hold too many files.", "Keep the fleet smaller."),
    RuleId("tree.too-deep", "A path has more than 128 parts.", "Keep paths shorter."),
    RuleId("tree.conflict", "A path lies inside something that is set at the same time."),
)
