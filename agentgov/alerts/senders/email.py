"""E-mail: a letter in plain text and HTML, and what the answers of an SMTP server mean.

Letters about one group are one thread (RFC 5322, `References`), and nothing answers to them by itself (RFC 3834,
`Auto-Submitted`). What an alert says is escaped in HTML and has no line breaks in a header.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from hashlib import sha256
from html import escape

from agentgov.alerts.message import Message, figures, lines
from agentgov.alerts.senders.outcome import Outcome, short
from agentgov.net.mail import Reply

_SUBJECT, _SHOWN = 200, 50
_LOGIN = frozenset({530, 534, 535, 538})
_STYLE = "font-family: sans-serif; border-collapse: collapse"


def letter(message: Message, id_: str, sender: str, recipients: Sequence[str]) -> EmailMessage:
    """The letter. Its id is the same in every attempt."""
    found = EmailMessage(policy=SMTP)
    domain = sender.rpartition("@")[2].rstrip(">") or "localhost"
    thread = sha256(f"{message.fleet}\0{message.group}".encode()).hexdigest()[:32]
    found["Subject"] = short(" ".join(message.title.split()), _SUBJECT)
    found["From"], found["To"] = sender, ", ".join(recipients)
    found["Date"] = format_datetime(datetime.fromtimestamp(message.at // 1000, UTC))
    found["Message-ID"] = f"<{id_}@{domain}>"
    found["References"] = f"<{thread}@{domain}>"
    found["Auto-Submitted"] = "auto-generated"
    if message.severity == "page" and message.firing:
        found["Importance"] = "high"
    found.set_content("\n".join((message.title, "", *lines(message, _SHOWN))))
    found.add_alternative(html(message), subtype="html")
    return found


def html(message: Message) -> str:
    """The same as a page without scripts, pictures or anything from elsewhere."""
    parts = [f"<h2>{escape(message.title)}</h2>"]
    for one in message.shown[:_SHOWN]:
        state = "over" if one.ended else "new" if one.fresh else "goes on"
        head = f"{escape(one.title)} ({escape(one.label('severity'))}, {state})"
        rows = "".join(
            f"<tr><th align=left>{escape(name)}</th><td>{escape(text)}</td></tr>" for name, text in figures(one)
        )
        parts.append(f"<h3>{head}</h3><p>{escape(one.summary)}</p><table>{rows}</table>")
    if len(message.alerts) > _SHOWN:
        parts.append(f"<p>and {len(message.alerts) - _SHOWN} more: <code>agentgov alert list</code></p>")
    return f'<!doctype html><html lang="en"><body style="{_STYLE}">{"".join(parts)}</body></html>'


def judge(reply: Reply) -> Outcome:
    """What a reply of an SMTP server means (RFC 5321, 4.2.1): 4yz passes; 5yz about this letter does not, unless it
    asks for a login (RFC 4954, 6); what it says of the sender, the login or this machine somebody can mend."""
    code = reply.code
    if code == 250:
        return Outcome("delivered", code, f"not taken for {', '.join(reply.untaken)}" if reply.untaken else "")
    mended = code < 500 or code in _LOGIN or not reply.of_letter
    return Outcome("later" if mended else "refused", code, f"the mail server answers {code}")
