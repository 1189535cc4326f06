"""The text of a pack as one page of HTML that loads nothing: readable on a screen, and on paper."""

from collections.abc import Iterable
from html import escape
from typing import assert_never

from agentgov.audit.blocks import Block, Bullets, Code, Heading, Inline, Line, Link, Sentence, Table
from agentgov.report.page import safe

_STYLE = """
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; margin: 1rem 0; }
th, td { border: 1px solid #8886; padding: .35rem .5rem; text-align: left; vertical-align: top; }
td { overflow-wrap: anywhere; }
th { background: #8882; }
code { font: .85em ui-monospace, monospace; overflow-wrap: anywhere; }
h2 { margin-top: 2.5rem; border-bottom: 1px solid #8886; }
.loud { border: 2px solid #b00020; padding: .75rem 1rem; font-weight: bold; }
@media print {
  body { font-size: 10pt; max-width: none; margin: 0; }
  tr, .loud { break-inside: avoid; }
  a { color: inherit; }
}
"""


def html(blocks: Iterable[Block], title: str) -> str:
    """The whole page: well-formed, so that XML's parsers read it, too."""
    body = "\n".join(map(_block, blocks))
    head = f'<meta charset="utf-8"/><title>{_text(title)}</title><style>{_STYLE}</style>'
    policy = "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\"/>"
    return f'<!DOCTYPE html>\n<html lang="en"><head>{policy}{head}</head><body>\n{body}\n</body></html>\n'


def _block(block: Block) -> str:
    match block:
        case Heading(level, text, anchor):
            place = f' id="{escape(anchor)}"' if anchor else ""
            return f"<h{level}{place}>{_text(text)}</h{level}>"
        case Sentence(line, loud):
            return f'<p class="loud">{_line(line)}</p>' if loud else f"<p>{_line(line)}</p>"
        case Bullets(lines):
            return f"<ul>{''.join(f'<li>{_line(one)}</li>' for one in lines) or '<li>none</li>'}</ul>"
        case Table(head, rows):
            top = "".join(f"<th>{_text(one)}</th>" for one in head)
            body = "".join(f"<tr>{''.join(f'<td>{_line(cell)}</td>' for cell in row)}</tr>\n" for row in rows)
            begin = f"<thead><tr>{top}</tr></thead>" if any(head) else ""
            return f"<table>{begin}<tbody>{body}</tbody></table>"
    assert_never(block)


def _line(line: Line) -> str:
    return "".join(map(_inline, line))


def _inline(part: Inline) -> str:
    match part:
        case Code(text):
            return f"<code>{_text(text)}</code>"
        case Link(text, to):
            return f'<a href="{escape(to)}">{_text(text)}</a>'
        case str():
            return _text(part)
    assert_never(part)


def _text(text: str) -> str:
    return escape(safe(text)).replace("\n", "<br/>")
