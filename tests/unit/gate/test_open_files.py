"""How many connections a process serves by how many files it may have, and that it asks for what it needs."""

import logging
import resource

import pytest

from agentgov.gate import open_files
from agentgov.gate.open_files import admitted, connections, told_beside


@pytest.mark.parametrize(
    ("files", "served"), [(1 << 40, 4096), (4736, 4096), (4735, 4095), (1024, 384), (256, 85), (64, 21), (1, 1)]
)
def test_files_are_left_for_the_gate_itself(files: int, served: int) -> None:
    assert connections(files, 4096) == served
    open_at_most = served + told_beside(served)
    assert open_at_most + min(open_files.OWN, files // 2) <= max(files, 1)


@pytest.mark.parametrize(
    ("limits", "refused", "served", "now", "said"),
    [
        ((1024, 1 << 20), False, 4096, 4736, "4736 files may be open"),
        ((1024, resource.RLIM_INFINITY), False, 4096, 4736, "4736 files may be open"),
        ((65_536, 65_536), False, 4096, 65_536, ""),
        ((256, 2048), False, 1408, 2048, "no more than 1408 connections"),
        ((1024, 1 << 20), True, 384, 1024, "no more than 384 connections"),
    ],
)
def test_it_asks_for_files_within_what_it_may(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    limits: tuple[int, int],
    refused: bool,
    served: int,
    now: int,
    said: str,
) -> None:
    held = [limits]

    def set_limits(_: int, wanted: tuple[int, int]) -> None:
        if refused:
            raise ValueError("not allowed to raise maximum limit")
        held.append(wanted)

    monkeypatch.setattr(resource, "getrlimit", lambda _: held[-1])
    monkeypatch.setattr(resource, "setrlimit", set_limits)
    with caplog.at_level(logging.INFO, "agentgov.gate"):
        assert admitted(4096) == served
    assert held[-1] == (now, limits[1])
    assert len(caplog.messages) == bool(said)
    assert said in "".join(caplog.messages)
