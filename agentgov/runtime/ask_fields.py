"""What the fields of requests may hold that are the same wherever something is asked."""

from typing import Annotated

import msgspec

Key = Annotated[str, msgspec.Meta(pattern="^[!-~]{1,128}$", description="The caller's own, once for each call.")]
Attempt = Annotated[
    str,
    msgspec.Meta(
        pattern="^[!-~]{0,64}$",
        description="Fresh randomness for each time that something is asked anew under its key, and the same where an "
        "answer was lost and the request is sent again: then it is answered as if for the first time.",
    ),
]
Named = Annotated[str, msgspec.Meta(pattern="^[!-~]{0,300}$", description="Its name, or its closure.")]
