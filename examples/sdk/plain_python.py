"""An agent in plain Python: it runs on what was reviewed, sets money aside before it spends it, asks before it acts,
and stops when it is told to."""

import sys

import agentgov
from agentgov import sdk


KEY = "refund-AC-12345678"  # belongs to what is to happen once: run again, it is not refunded again
ORDER = {"order_id": "AC-12345678", "line": 1, "amount_minor": 4200, "currency": "USD", "reason": "damaged"}


def create_refund(order_id: str, amount_minor: int, **_: object) -> str:
    """Where your payment provider would be called."""
    return f"refunded {amount_minor} for {order_id}"


def look_up(order_id: str) -> str:
    """Where a service would be called that costs two cents for each question."""
    return f"{order_id} was delivered broken"


def main() -> int:
    try:
        with agentgov.agent("support/refund-assistant") as agent:
            print(f"running {agent.release} ({agent.variant}) on {agent.model} {agent.params}")
            print(agent.prompt(customer_name="Ada Lovelace").splitlines()[0])
            order = {**ORDER, "idempotency_key": KEY}
            try:
                with agent.spend(amount="0.02 USD") as money:
                    print(look_up(order["order_id"]))
                    money.used(amount="0.02 USD")
            except sdk.Denied as denied:
                print(f"no money: {denied}")
            try:
                with agent.act("refund.create", order, subject="ada", key=KEY) as action:
                    print(create_refund(**action.args))
            except sdk.Repeated as repeated:
                print(f"not twice: {repeated}")
            try:
                agent.act("refund.create", {**order, "amount_minor": 90_000})
            except sdk.Denied as denied:
                print(f"refused: {', '.join(denied.rules)}")  # the model may be told
    except sdk.Stopped as stopped:
        print(f"stopped: {stopped.in_one_line}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
