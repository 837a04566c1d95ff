#!/bin/sh
# wallet-py3k 0.0.4: a pass takes any attribute, and the one that it writes as expirationDate is spelled exprirationDate.
# A ticket that is given an expirationDate, as Apple calls it, has none in pass.json, and no wallet learns when it ends.
# A price given as a Decimal is written as a text, where Apple's format wants a number beside a currency.
set -eu
. "$(dirname "$0")/install"
python - <<'PY'
import json
from decimal import Decimal

from wallet.models import CurrencyField, EventTicket, Pass, PassHandler

END = "2026-12-05T22:00:00+05:30"


def written(attribute):
    """Return pass.json of a ticket with its end in an attribute."""
    show = EventTicket()
    show.secondaryFields.append(CurrencyField("price", Decimal("1250.50"), "Price", "INR"))
    ticket = Pass(show, passTypeIdentifier="pass.example.ticket", organizationName="Example", teamIdentifier="ABCDE12345")
    ticket.relevantDate = END
    setattr(ticket, attribute, END)
    return json.loads(json.dumps(ticket, default=PassHandler))


as_named, as_spelled = written("expirationDate"), written("exprirationDate")
price = as_named["eventTicket"]["secondaryFields"][0]["value"]
print(f"as Apple names it: {as_named.get('expirationDate')}; as the library spells it: {as_spelled.get('expirationDate')}")
print(f"relevant from {as_named['relevantDate']}; price: {price!r}")
assert as_named["relevantDate"] == END
assert "expirationDate" not in as_named and as_spelled["expirationDate"] == END, "a pass keeps its end now"
assert price == "1250.50", "a Decimal is written otherwise now"
PY
