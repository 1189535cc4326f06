"""What is kept of GitHub's descriptions is what GitHub says, cut down and never changed."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ROOT / "build" / "forge-schemas"


def trimmer() -> ModuleType:
    spec = importlib.util.spec_from_file_location("trim", ROOT / "tests" / "tools" / "trim_forge_schemas.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.skipif(not PACKAGES.exists(), reason="no copy from npm: run .ci/forge-schemas")
def test_what_is_kept_is_githubs_own() -> None:
    for name, text in trimmer().trimmed(PACKAGES).items():
        assert (ROOT / "tests" / "data" / name).read_text("utf-8") == text, f"{name}: run .ci/forge-schemas write"


def test_only_what_is_referred_to_stays() -> None:
    named = {"properties": {"title": {"type": "string", "description": "a title"}}, "title": "gone"}
    answer = {"$ref": "#/components/responses/r"}
    whole = {
        "openapi": "3.0.3",
        "info": {"title": "x", "version": "1", "license": {"name": "MIT"}, "contact": "gone"},
        "paths": {"/a": {"get": {"operationId": "a/get", "x-more": 1, "responses": {"200": answer}}},
                  "/b": {"get": {"operationId": "b/get", "responses": {}}}},
        "components": {"responses": {"r": {"description": "gone", "content": {"$ref": "#/components/schemas/s"}}},
                       "schemas": {"s": named, "unused": {}}},
    }  # fmt: skip
    kept = trimmer().openapi_of(whole, {"a/get"})
    assert set(kept["paths"]) == {"/a"}
    assert kept["components"]["schemas"] == {"s": {"properties": {"title": {"type": "string"}}}}
    with pytest.raises(LookupError, match="c/get"):
        trimmer().openapi_of(whole, {"c/get"})
