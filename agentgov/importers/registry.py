"""The formats that can be imported: how each is called, which files it is in, and which module reads it.

A reader is imported when it is asked for; this list costs nothing.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agentgov.importers.draft import Reader


@dataclass(frozen=True, slots=True)
class Format:
    """A format. In folders, files are searched by `files`, their whole names, or where there are none by `suffixes`; a
    file that somebody names has one of `suffixes`, or one of those names.

    `beside` are names (with `*`) of files that are read together with each, from its folder, and below it where
    `deep`. `hidden` are folders that are searched although their names start with a dot.
    """

    name: str
    title: str
    suffixes: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    deep: bool = False
    hidden: tuple[str, ...] = ()

    @property
    def searched(self) -> str:
        """Which files of a folder are looked at, in words."""
        return " or ".join(self.files or [f"*{suffix}" for suffix in self.suffixes])

    def may_be(self, name: str) -> bool:
        """Whether a file of that name can be of the format, when somebody says that it is."""
        return name in self.files or (bool(self.suffixes) and name.endswith(self.suffixes))

    @property
    def called(self) -> str:
        """How a file of the format may be called, in words."""
        return " or ".join([f"*{suffix}" for suffix in self.suffixes] or self.files)

    def reader(self) -> "Reader":
        """What turns a source into agents."""
        from importlib import import_module

        read: Reader = import_module(f"agentgov.importers.{self.name}").read
        return read


_YAML = (".yaml", ".yml")
_PLAIN = ("*.md", "*.yaml", "*.yml")
FORMATS: tuple[Format, ...] = (
    Format("agentspec", "Open Agent Specification: components of a YAML or JSON file", (*_YAML, ".json")),
    Format("cagent", "docker cagent: agents of a YAML file", _YAML),
    Format("claude", "Claude Code: an agent a Markdown file, with front matter", (".md",), hidden=(".claude",)),
    Format(
        "crewai",
        "CrewAI: agents.yaml, with the tasks.yaml beside it",
        suffixes=_YAML,
        files=("agents.yaml", "agents.yml"),
        beside=("tasks.y*ml",),
    ),
    Format("dotprompt", "Dotprompt: a Handlebars prompt a file", (".prompt",), beside=("_*.prompt",), deep=True),
    Format("gitagent", "gitagent: an agent a folder with agent.yaml", files=("agent.yaml",), beside=_PLAIN, deep=True),
    Format("kagent", "kagent: agents in Kubernetes manifests", _YAML),
    Format("prompty", "Prompty: a Jinja2 or Mustache prompt a file", (".prompty",)),
)
NAMES: tuple[str, ...] = tuple(one.name for one in FORMATS)


def format_named(name: str) -> Format:
    """The format of that name; KeyError where there is none."""
    return next(one for one in FORMATS if one.name == name)
