#!/bin/sh
# stockholm 0.5.7: a currency may be given as a code or as an object, and the two amounts are equal. But the one by code
# has hundredths whatever the currency: ¥1,500 are 150000 in sub-units, which a payment gateway takes for ¥150,000, and
# 1.5 Kuwaiti dinars are 150, a tenth of what is meant. An amount by object turns into one by code on its way through
# JSON or protobuf.
set -eu
. "$(dirname "$0")/install"
python - <<'PY'
from stockholm import Money
from stockholm.currency import JPY, KWD

seen = {}
for amount, code, currency in (("1500", "JPY", JPY), ("1.5", "KWD", KWD)):
    by_code, by_object = Money(amount, currency=code), Money(amount, currency=currency)
    ways = {
        "code": by_code,
        "text": Money(f"{amount} {code}"),
        "object": by_object,
        "object, by JSON": Money.from_json(by_object.json()),
        "object, by protobuf": Money.from_protobuf(by_object.as_protobuf()),
    }
    assert len({str(way.currency) for way in ways.values()}) == 1 and all(way == by_object for way in ways.values())
    seen[code] = {way: int(money.to_sub_units().amount) for way, money in ways.items()}
    print(f"{by_object}, all equal; in sub-units: {seen[code]}")
for code, hundredths, right in (("JPY", 150000, 1500), ("KWD", 150, 1500)):
    assert seen[code].pop("object") == right, "an object's sub-units are others now"
    assert set(seen[code].values()) == {hundredths}, "a code brings its own sub-units now"
PY
