"""What the README tells people to paste where calls take a token runs as it stands there."""

import json
import re

import pytest

from stack import tokens
from stack.launcher import Stack
from tests.snippets import blocks, shell

TOKEN, SIGNED = "TOKEN=…", 'TOKEN=$(.venv/bin/python -m stack token "$ALICE" --minutes 60)'
WALK, OVER_GRPC = "API=http://127.0.0.1:8001/api/v1", "call() { "
PLAIN, WITH_TOKEN = "curl --schema", 'curl -H "authorization: Bearer $TOKEN" --schema'


def test_the_readmes_walk_with_a_token(stack: Stack) -> None:
    if stack.settings.auth == "off":
        pytest.skip("calls take no token here: tests/clients/test_snippets.py")
    own = [block.text for block in blocks().values() if block.page == "README.md"]
    token, walk, over_grpc, signed = (
        next(text for text in own if text.startswith(begin)) for begin in (TOKEN, WALK, OVER_GRPC, SIGNED)
    )
    admin = tokens.opened(stack.settings).token_for(tokens.ADMIN, "ADMIN")
    assert PLAIN in over_grpc
    script = [token.replace("TOKEN=…", f"TOKEN={admin}"), walk, over_grpc.replace(PLAIN, WITH_TOKEN), signed]
    output = shell(stack, "\n".join(script)).stdout
    assert json.loads(output.splitlines()[4])["refundPercentage"] == 100
    # Alice's bookings, as she lists them herself: both were given back.
    assert re.findall(r'"status": ?"([A-Z]+)"', output)[-2:] == ["REFUNDED", "REFUNDED"]
