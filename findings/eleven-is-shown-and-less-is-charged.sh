#!/bin/sh
# py-moneyed 3.0 (with Babel 2.19.0): an amount keeps all digits that a tax gives it. It is rounded to be shown, and cut off
# to be charged: of ₹9.32 with 18 % GST a customer is told ₹11.00, and `get_amount_in_sub_unit`, meant for payment
# gateways, gives 1099 paise. Books kept from the one do not agree with payments made from the other.
set -eu
. "$(dirname "$0")/install"
python - <<'PY'
from decimal import Decimal

from moneyed import Money

TAX = Decimal("1.18")
plain = {}
for name, cost in (("as it is", Money("9.32", "INR") * TAX), ("rounded first", (Money("9.32", "INR") * TAX).round(2))):
    plain[name] = str(cost), cost.get_amount_in_sub_unit()
    print(f"{name}: {cost.amount} is shown as {plain[name][0]}, and is {plain[name][1]} paise")
prices = [Money(Decimal(paise) / 100, "INR") * TAX for paise in range(1, 10_001)]
differ = sum(str(cost) != str(Money(Decimal(cost.get_amount_in_sub_unit()) / 100, "INR")) for cost in prices)
print(f"of {len(prices)} prices, {differ} are shown as another amount than is charged")
assert plain["as it is"] == ("₹\u00a011.00", 1099), "what is shown and what is charged agree now"
assert plain["rounded first"] == ("₹\u00a011.00", 1100)
assert differ == 4900, "other prices differ now"
PY
