"""What is too much in a text that is nearly money, a duration, a share or a price: its decimals, or its size.

The schemas decide what is valid; here is only said, in words, which of their limits a text is beyond. Nothing rounds.
"""

import re

_NUMBER = r"(?P<whole>0|[1-9][0-9]*)(?:\.(?P<decimals>[0-9]+))?"
_MONEY = re.compile(_NUMBER + r" [A-Z]{3}\Z")
_PRICE = re.compile(_NUMBER + r"\Z")
_DURATION = re.compile(_NUMBER + r"[smhdwy]\Z")
_SHARE = re.compile(_NUMBER + r"%\Z")
# How a pattern of the schemas ends -> the form of its texts, and the most digits before and after the point.
_FORMS = {
    "? [A-Z]{3}$": (_MONEY, 12, 9),
    "{1,9})?$": (_PRICE, 9, 9),
    "[smhdwy]$": (_DURATION, 9, 0),
    "{1,3})?)%$": (_SHARE, 3, 3),
}


def excess(pattern: str, value: object) -> str:
    """What a text is too much of for a pattern, empty where it breaks the pattern in another way."""
    known = next((form for end, form in _FORMS.items() if pattern.endswith(end)), None)
    if known is None or not isinstance(value, str):
        return ""
    form, digits, precision = known
    match = form.match(value)
    if match is None:
        return ""
    if len(match["decimals"] or "") > precision:
        if precision == 0:
            return "a duration is a whole number; write a smaller unit"
        return f"at most {precision} decimals, nothing is rounded"
    if form is _SHARE:
        return "too large, a share is at most 100%"
    return (
        f"too large, at most {digits} digits before the point" if precision else f"too large, at most {digits} digits"
    )
