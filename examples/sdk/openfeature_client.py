"""Config by OpenFeature: any of its SDKs is a client of the gate. It says what to run on, and stops nothing: whoever
must stop takes leases (plain_python.py). The default is one with which nothing runs."""

import os
import sys
from pathlib import Path

from openfeature import api
from openfeature.contrib.provider.ofrep import OFREPProvider
from openfeature.evaluation_context import EvaluationContext


def main() -> int:
    token = Path(os.environ["AGENTGOV_TOKEN_FILE"]).read_text().strip()
    headers = {"Authorization": f"Bearer {token}"}
    api.set_provider(OFREPProvider(os.environ["AGENTGOV_GATE"], headers_factory=lambda: headers))
    client, customer = api.get_client(), EvaluationContext(targeting_key="customer-4711")
    model = client.get_string_details("support/refund-assistant/model", "", customer)
    if not model.value:
        print(f"nothing to run on: {model.error_code} {model.error_message}", file=sys.stderr)
        return 1
    prompt = client.get_string_value("support/refund-assistant/prompt", "", customer)
    print(f"{model.value} ({model.variant}), at most {model.flag_metadata.get('maxStaleness')} s old")
    print(prompt.splitlines()[0])
    return 0


if __name__ == "__main__":
    sys.exit(main())
