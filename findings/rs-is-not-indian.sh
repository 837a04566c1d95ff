#!/bin/sh
# iso4217parse 0.6.2: "Rs 450", as prices are written all over India, may be rupees of Sri Lanka, Nepal or Pakistan, and not of
# India: INR is found by its sign ₹ only. Whoever takes the first of the list has a price of 450 Sri Lankan rupees.
set -eu
. "$(dirname "$0")/install"
python - <<'PY'
from importlib.metadata import version

import iso4217parse

print("iso4217parse", version("iso4217parse"))
seen = {text: [found.alpha3 for found in iso4217parse.parse(text)] for text in ("Rs 450", "Rs. 450", "₹450", "INR 450")}
print(seen)
assert seen == {
    "Rs 450": ["LKR", "NPR", "PKR"],
    "Rs. 450": ["LKR", "NPR", "PKR"],
    "₹450": ["INR"],
    "INR 450": ["INR"],
}, "Rs may be Indian now"
PY
