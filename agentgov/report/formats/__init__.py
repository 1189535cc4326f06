"""The formats that findings can be told in, by name. Each is one module with `render(report) -> str`.

A module is loaded when its format is asked for. To add a format, write the module and name it here.
"""

import importlib
from collections.abc import Callable

from agentgov.report.findings import Report

FORMATS: dict[str, str] = {  # name -> module below this package
    "text": "text",
    "json": "document",
    "markdown": "markdown",
    "github": "github",
    "gitlab": "gitlab",
    "sarif": "sarif",
    "junit": "junit",
}


def render(name: str, report: Report) -> str:
    """The report in a format of the list, with a final newline; KeyError for another name."""
    module = importlib.import_module(f"{__name__}.{FORMATS[name]}")
    rendered: Callable[[Report], str] = module.render
    return rendered(report)
