"""Stories: what one customer does."""

from __future__ import annotations

import asyncio
from collections import Counter
from uuid import uuid4

from bench.shops import Refused, Shop
from bench.world import Purchase

FIRST_LOOK_SECONDS = 0.02
LOOK_FACTOR = 1.5
LONGEST_LOOK_SECONDS = 0.5
PATIENCE_SECONDS = 90
WAITS = 4
COUPON = "BENCH10"
"""The code of a coupon for whoever wants one."""


async def book(shop: Shop, wanted: Purchase, figures: Counter[str]) -> None:
    """Create a booking under a key, as a careful client does."""
    await shop.book(wanted.user, wanted.show, wanted.seats, str(uuid4()), area=wanted.area)


async def buy(shop: Shop, wanted: Purchase, figures: Counter[str], coupon: str = "") -> None:
    """Hold, book, pay, see it CONFIRMED, read it. Counts the looks that this took as `polls`."""
    await shop.hold(wanted.user, wanted.show, wanted.seats, str(uuid4()))
    booking = await shop.book(wanted.user, wanted.show, wanted.seats, str(uuid4()), coupon)
    session = await shop.initiate(wanted.user, booking, str(uuid4()))
    await shop.pay(session, "pm_succeed")
    await until_confirmed(shop, wanted.user, figures)
    if (status := await shop.read(booking)) != "CONFIRMED":
        raise Refused(f"READ AS {status}")


async def buy_with_coupon(shop: Shop, wanted: Purchase, figures: Counter[str]) -> None:
    """Do the same with the coupon that all use."""
    await buy(shop, wanted, figures, COUPON)


async def buy_and_wait(shop: Shop, wanted: Purchase, figures: Counter[str]) -> None:
    """Hold, book, pay, wait for what becomes of the booking, which is read by that. Counts the waits as `polls`."""
    await shop.hold(wanted.user, wanted.show, wanted.seats, str(uuid4()))
    booking = await shop.book(wanted.user, wanted.show, wanted.seats, str(uuid4()))
    session = await shop.initiate(wanted.user, booking, str(uuid4()))
    await shop.pay(session, "pm_succeed")
    for _ in range(WAITS):
        figures["polls"] += 1
        if (status := await shop.wait(booking)) != "PENDING":
            break
    if status != "CONFIRMED":
        raise Refused(f"BECAME {status}")


async def look(shop: Shop, show: str, figures: Counter[str]) -> None:
    """Read a seat map. Counts its `bytes`."""
    size = await shop.seats(show)  # first: others count meanwhile
    figures["bytes"] += size


async def search(shop: Shop, text: str, figures: Counter[str]) -> None:
    """Search events. Counts those that are `found`."""
    found = await shop.find(text)  # first: others count meanwhile
    figures["found"] += found


async def scan(shop: Shop, wanted: tuple[tuple[str, str], str, str], figures: Counter[str]) -> None:
    """Show a gate the code of a ticket of a show, under a key."""
    result = await shop.check_in(*wanted, str(uuid4()))
    if result != "ADMITTED":
        raise Refused(result)


async def until_confirmed(shop: Shop, user: str, figures: Counter[str]) -> None:
    """Look at a user's booking, at growing distances, until it is CONFIRMED."""
    wait, waited = FIRST_LOOK_SECONDS, 0.0
    while waited < PATIENCE_SECONDS:
        await asyncio.sleep(wait)
        figures["polls"] += 1
        status = await shop.status(user)
        if status == "CONFIRMED":
            return
        if status != "PENDING":
            raise Refused(f"BECAME {status}")
        waited += wait
        wait = min(wait * LOOK_FACTOR, LONGEST_LOOK_SECONDS)
    raise Refused("NEVER CONFIRMED")
