"""What people read of what agents used."""

from agentgov.report.usage import usage_page

NOTHING = {"since": 0, "until": 86_400_000, "usage": [], "quarantine": []}


def test_where_nobody_told_of_anything_it_says_how_agents_do_and_where_money_is() -> None:
    shown = usage_page(NOTHING, alone=False).text(colour=False)
    assert "agent.trace()" in shown
    assert "agentgov budget show" in shown
