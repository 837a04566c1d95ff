#!/bin/sh
# num2words 0.5.14: the type of the number decides its unit. `to="currency"` reads an int as minor units, a Decimal or a
# float as major ones, so 100000 is a thousand rupees and Decimal(100000) a lakh. An invoice's amount in words is wrong by
# a factor of 100 as soon as somebody passes int(total) instead of the Decimal total.
set -eu
. "$(dirname "$0")/install"
python - <<'PY'
from decimal import Decimal

from num2words import num2words


def in_words(amount):
    return num2words(amount, to="currency", lang="en_IN", currency="INR")


seen = {"int": in_words(100000), "Decimal": in_words(Decimal(100000)), "float": in_words(100000.0)}
print(seen)
assert seen == {
    "int": "one thousand rupees, zero paise",
    "Decimal": "one lakh rupees, zero paise",
    "float": "one lakh rupees, zero paise",
}, "num2words reads numbers otherwise now"
PY
