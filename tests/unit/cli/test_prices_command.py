"""`agentgov prices`: a fleet's price list beside the catalogue, and brought up to it in the working tree."""

import shutil
from pathlib import Path

import pytest
from gitworld import make_repository
from unit.cli.output_schema import assert_holds

from agentgov.cli.main import status
from agentgov.resources import folder
from agentgov.scaffold import price_catalogue

PRICES = "governance/prices.yaml"


@pytest.fixture
def fleet(tmp_path: Path) -> Path:
    root = make_repository(tmp_path / "fleet")
    shutil.copytree(folder("examples") / "acme", root, dirs_exist_ok=True)
    return root


def asked(fleet: Path, capsys: pytest.CaptureFixture[str], verb: str) -> tuple[int, dict[str, str]]:
    import json

    code = status(["prices", verb, "--json", "--repo", str(fleet)])
    document = json.loads(capsys.readouterr().out)
    assert_holds(document, f"prices-{verb}")
    return code, {one["model"]: one["state"] for one in document["models"]}


def test_what_diff_tells_sync_writes(fleet: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = fleet / PRICES
    file.write_text(file.read_text().replace('input: "2.50"', 'input: "2.49"'))
    before = file.read_text()
    code, told = asked(fleet, capsys, "diff")
    assert (code, told["openai/gpt-4o"], file.read_text()) == (1, "changed", before)
    assert asked(fleet, capsys, "sync") == (0, told)
    assert 'openai/gpt-4o: {input: "2.50"' in file.read_text()
    assert "route.distance" in file.read_text()
    code, told = asked(fleet, capsys, "diff")
    assert (code, set(told.values())) == (0, {"same"})
    assert status(["validate", "--repo", str(fleet)]) == 0


def test_a_model_that_nobody_prices_is_named(fleet: Path, capsys: pytest.CaptureFixture[str]) -> None:
    workspace = fleet / "governance/workspaces/support.yaml"
    workspace.write_text(workspace.read_text().replace('"openai/gpt-*"', '"openai/gpt-*", openai/unheard-of'))
    assert asked(fleet, capsys, "sync")[0] == 1
    assert status(["prices", "diff", "--repo", str(fleet)]) == 1
    assert "without a price: openai/unheard-of" in capsys.readouterr().out


def test_prices_in_another_currency_are_not_guessed(fleet: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = fleet / PRICES
    file.write_text(file.read_text().replace("currency: USD", "currency: EUR"))
    assert status(["prices", "sync", "--repo", str(fleet)]) == 2
    assert "this fleet counts in EUR" in capsys.readouterr().err


def test_without_the_catalogue_it_says_what_to_install(
    fleet: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "genai_prices", None)
    assert status(["prices", "diff", "--repo", str(fleet)]) == 2
    assert "agentgov[prices]" in capsys.readouterr().err
    assert price_catalogue.NAME == "genai-prices"
