"""What those who run shows look at, over REST, held against the bank's ledger."""

from __future__ import annotations

from stack.launcher import Stack
from tests.system.client import Client, new_user, ok
from tests.system.databases import at_rest, later, money
from tests.system.selling import charge, sell


async def test_sales_of_a_show_and_its_event_are_what_the_banks_ledger_has(stack: Stack, client: Client) -> None:
    show = await client.make_show()
    await sell(client, show)
    await charge(client, show)
    made = []
    for number, kinds in enumerate((["ADULT"] * 3, ["CHILD"] * 2, ["ADULT", "CHILD"], ["ADULT"])):
        seats = show.seats[3 * number : 3 * number + len(kinds)]
        wish = {"userId": new_user(), "showId": show.id, "showSeatIds": seats, "kinds": kinds}
        booking = ok(await client.ask("POST", "bookings", wish))
        made.append(booking)
        if number < 3:
            await client.pay(await client.session(booking))
            await client.until(booking["id"], "CONFIRMED")
    ok(await client.refund(made[0], show.seats[:1]))
    ok(await client.refund(made[1]))
    await client.until(made[1]["id"], "REFUNDED")
    # Money that comes too late for a ticket goes back, and nothing was sold for it.
    session = await client.session(made[3])
    ok(await client.ask("POST", f"payments/simulate/{session}", {"paymentMethod": "pm_late"}))
    ok(await client.cancel(made[3]))
    async with later(stack.server, "21 minutes", "bank"):
        await client.until_payment(made[3]["id"], "REFUNDED")
    await at_rest(stack.server)
    sales = ok(await client.ask("GET", f"shows/{show.id}/sales"))
    assert sales == ok(await client.ask("GET", f"events/{show.movie_id}/sales"))
    [total] = sales["totals"]
    assert (total["currency"], total["seats"], total["refundedSeats"]) == ("INR", 7, 3)
    held = sum(money(stack.server, booking["id"]) for booking in made)
    assert int(total["amount"]) - int(total["refundedAmount"]) == held > 0
    assert int(total["amount"]) == sum(booking["finalAmount"] for booking in made[:3])
    for name in ("amount", "refundedAmount", "seats", "refundedSeats"):
        assert sum(int(line[name]) for line in sales["lines"]) == int(total[name])
    assert {(line["tier"], line["kind"]) for line in sales["lines"]} >= {("REGULAR", "ADULT"), ("REGULAR", "CHILD")}
