"""Wraps the stand-in agent's answer into the object that `claude --output-format json` prints."""

import json
import sys

exit_code = int(sys.argv[1])
json.dump(
    {
        "type": "result",
        # The real one says "success" for failures too.
        "subtype": "success",
        "is_error": exit_code != 0,
        "api_error_status": 429 if exit_code != 0 else None,
        "result": sys.stdin.read(),
        "session_id": "7f1c2a7e-0000-4000-8000-000000000000",
        "num_turns": 3,
        "total_cost_usd": 0.0125,
        "usage": {"input_tokens": 1200, "output_tokens": 34},
    },
    sys.stdout,
)
