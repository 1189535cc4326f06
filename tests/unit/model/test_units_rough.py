"""Durations as people read them."""

import pytest

from agentgov.model.units import rough_duration


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "0s"),
        (0, "0s"),
        (45, "45s"),
        (60, "1m"),
        (3599, "59m59s"),
        (3600, "1h"),
        (3601, "1h"),
        (3900, "1h5m"),
        (90_061, "1d1h"),
        (86_405, "1d"),
    ],
)
def test_the_two_largest_units_that_count(seconds: int, text: str) -> None:
    assert rough_duration(seconds) == text
