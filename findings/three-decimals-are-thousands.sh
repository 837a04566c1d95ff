#!/bin/sh
# price-parser 0.5.1: the dinars of Kuwait, Bahrain, Jordan and Tunisia have three decimals, and a price with three digits after
# its point is read as thousands, whatever the currency that it names: KWD 5.500 becomes 5500. A price list that is read in
# this way sells at a thousand times the price, but for rows that happen to have one or two digits there. Who says
# decimal_separator="." gets 5.500.
set -eu
. "$(dirname "$0")/install"
python - <<'PY'
from importlib.metadata import version

from price_parser import Price

print("price-parser", version("price-parser"))
seen = {text: str(Price.fromstring(text).amount) for text in ("KWD 5.500", "5.500 BHD", "TND 12,500", "KWD 5.50", "KWD 0.500")}
for text, amount in seen.items():
    print(f"{text}: {amount}")
assert seen == {"KWD 5.500": "5500", "5.500 BHD": "5500", "TND 12,500": "12500", "KWD 5.50": "5.50", "KWD 0.500": "500"}
told = Price.fromstring("KWD 5.500", decimal_separator=".")
print("told that the point is one:", told.amount)
assert str(told.amount) == "5.500"
PY
