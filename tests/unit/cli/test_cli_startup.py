"""What is cheap stays cheap: asking for help or the version loads nothing heavy."""

import subprocess
import sys

import pytest

HEAVY = (
    "pygit2",
    "yaml",
    "rich",
    "cryptography",
    "jsonschema",
    "jsonschema_rs",
    "git",
    "msgspec",
    "ruamel",
    "deepdiff",
    "httpx2",
)
PROBE = """
import sys
sys.argv = ["agentgov", *{args!r}]
from agentgov.cli.launch import run
try:
    run()
except SystemExit as stop:
    assert not stop.code, stop.code
loaded = [name for name in {heavy!r} if name in sys.modules]
print("LOADED", *loaded)
"""


@pytest.mark.parametrize("args", [["--help"], ["--version"], ["-h"], ["check", "--help"]])
def test_help_and_version_load_nothing_heavy(args: list[str]) -> None:
    probe = PROBE.format(args=args, heavy=HEAVY)
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not done.stdout.rpartition("LOADED")[2].split()


def test_a_question_about_the_files_loads_neither_the_journal_nor_an_editor() -> None:
    probe = PROBE.format(args=["can", "--help"], heavy=("agentgov.journal", "agentgov.scaffold", "ruamel"))
    for question in ('["can", "nobody", "view"]', '["who", "view"]'):
        asked = probe.replace("['can', '--help']", question).replace("assert not stop.code, stop.code", "pass")
        done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=False)
        assert not done.stdout.rpartition("LOADED")[2].split(), done.stdout


def test_the_words_of_trust_load_no_library_of_cryptography() -> None:
    modules = ", ".join(f"agentgov.trust.{name}" for name in ("keys", "identity", "signatures", "signers", "openpgp"))
    probe = f"import sys, {modules}; print(*sys.modules.keys() & {{'cryptography', 'nacl', 'pysequoia'}})"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert not done.stdout.split()


def test_version_is_the_package_version() -> None:
    from agentgov import __version__

    done = subprocess.run([sys.executable, "-m", "agentgov", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"agentgov {__version__}\n"
