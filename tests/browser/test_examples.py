"""The example in JavaScript, in a page of the gateway's origin."""

from __future__ import annotations

from base64 import b64encode

import pytest

from gateway.replies import HEALTH_PATH
from stack.settings import ROOT
from tests.browser.checkout import Checkout
from tests.browser.chromium import Browser

pytestmark = pytest.mark.browser

SCRIPT = """
    const [module, url] = arguments, lines = [];
    return import(module).then(({ buy }) => buy(url, (line) => lines.push(line))).then((booking) => [lines, booking]);
"""


def test_the_module_buys_tickets_and_gives_them_back(desk: Browser, checkout: Checkout) -> None:
    desk.open(checkout.stack.public_url + HEALTH_PATH)
    source = (ROOT / "examples" / "buy.mjs").read_bytes()
    module = f"data:text/javascript;base64,{b64encode(source).decode()}"
    lines, booking = desk.run(SCRIPT, module, checkout.stack.public_url)
    assert [line.split()[0] for line in lines] == ["show", "on", "seats", "booked", "CONFIRMED", "refund", "REFUNDED"]
    assert booking["status"] == "REFUNDED"
    checkout.until(booking["id"], "REFUNDED")
    assert [each for each in desk.complaints() if "favicon" not in each] == []
