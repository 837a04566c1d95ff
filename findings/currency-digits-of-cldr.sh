#!/bin/sh
# Babel 2.19.0 and iso4217 1.16.20260101: "how many decimals has this currency?" has two answers. Babel's
# get_currency_precision follows CLDR, which says how prices are commonly shown; banks follow ISO 4217. They differ for 15
# currencies, IDR, COP, HUF and IQD among them. Amounts in minor units that are scaled by Babel's answer are wrong by a
# factor of 100, for IQD of 1,000.
set -eu
. "$(dirname "$0")/install"
python - <<'PY'
from babel.numbers import format_currency, get_currency_precision
from iso4217 import Currency

differ = {
    currency.value: (get_currency_precision(currency.value), currency.exponent)
    for currency in Currency
    if currency.exponent is not None and get_currency_precision(currency.value) != currency.exponent
}
print("currency: (Babel, ISO 4217)", differ)
print("IQD 10.500, given exactly:", format_currency("10.500", "IQD", locale="en"))
assert set(differ) == set("AFN ALL COP HUF IDR IRR IQD KPW LAK LBP MGA MMK SOS SYP YER".split()), "others differ now"
assert differ["IQD"] == (0, 3) and differ["IDR"] == (0, 2)
PY
