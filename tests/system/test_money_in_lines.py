"""Kinds of tickets, tax, fees, a coupon and refunds of parts, over REST; the audit looks at every line in the end."""

from uuid import uuid4

from tests.system.client import Client, new_user, ok
from tests.system.selling import charge, sell


async def test_what_is_quoted_is_held_to_paid_and_given_back_to_the_minor_unit(client: Client) -> None:
    show, user = await client.make_show(), new_user()
    await sell(client, show)
    await charge(client, show)
    key = {"Idempotency-Key": str(uuid4())}
    terms = {"kind": "PERCENTAGE", "percentage": 10}
    coupon = ok(await client.ask("POST", "coupons", {"code": str(uuid4())[:8], "terms": terms}, headers=key))
    seats = show.seats[:3]
    ok(await client.hold(show, user, seats))
    asked = {"showId": show.id, "userId": user, "showSeatIds": list(seats), "couponCode": coupon["code"]}
    asked |= {"kinds": ["CHILD", "ADULT", "CHILD"]}
    quote = ok(await client.ask("POST", "bookings/quote", asked))
    assert min(quote[name] for name in ("discountAmount", "feeAmount", "taxAmount")) > 0
    first, whole, last = (seat["price"] for seat in quote["seats"])
    assert first == last == (whole + 1) // 2
    ok(await client.ask("PUT", f"shows/{show.id}/fees", {"fees": []}))
    ok(await client.ask("PUT", f"shows/{show.id}/kinds", {"kinds": []}))
    assert ok(await client.ask("POST", "bookings/quote", asked)) == quote, "what was shown when they were held"
    booking = ok(await client.ask("POST", "bookings", asked | {"expectedTotal": quote["finalAmount"]}, headers=key))
    assert booking["finalAmount"] == quote["finalAmount"]
    await client.pay(await client.session(booking))
    await client.until(booking["id"], "CONFIRMED")
    for part in (seats[:1], seats[2:], ()):
        ok(await client.refund(booking, part))
    refunded = await client.until(booking["id"], "REFUNDED")
    kept = [refund["keptAmount"] for refund in refunded["refunds"]]
    assert refunded["refundedAmount"] == booking["finalAmount"] - sum(kept)
    lines = [line["kind"] for refund in refunded["refunds"] for line in refund["feeLines"]]
    assert lines == ["UNREFUNDABLE", "UNREFUNDABLE", "ORDER", "UNREFUNDABLE"]
