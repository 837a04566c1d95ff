#!/bin/sh
# mt-940 5.1.1: a bank statement marks what it takes back with R: RC is a credit that is reversed, money that leaves, RD a
# debit that is reversed, money that comes. The library gives the amount of D a minus and leaves that of RC positive, so a
# payment that the bank took back counts as paid twice, and the sum of the entries is not the statement's own balance.
set -eu
. "$(dirname "$0")/install"
python - <<'PY'
from importlib.metadata import version

import mt940

STATEMENT = """:20:STATEMENT
:25:12345678/0001
:28C:1/1
:60F:C261126EUR1000,00
:61:2611271127C25,00NTRFTICKET//B1
:61:2611271127RC25,00NRTIRETURN//B2
:61:2611271127D10,00NTRFREFUND//B3
:61:2611271127RD10,00NRTIRETURN//B4
:62F:C261127EUR1000,00
"""
print("mt-940", version("mt-940"))
entries = mt940.parse(STATEMENT)
amounts = {entry.data["status"]: str(entry.data["amount"].amount) for entry in entries}
opening, closing = (entries.data[name].amount.amount for name in ("final_opening_balance", "final_closing_balance"))
counted = opening + sum(entry.data["amount"].amount for entry in entries)
print("amounts:", amounts)
print(f"opened with {opening}, closed with {closing}; the entries come to {counted}")
assert amounts == {"C": "25.00", "RC": "25.00", "D": "-10.00", "RD": "10.00"}
assert counted - closing == 50
PY
