"""Friends: accounts whose addresses are verified, to whom customers pass their tickets on."""

from __future__ import annotations

import random

from storm.client import StormShop
from storm.history import Json, Request
from storm.stories import Customer

FRIENDS = 6


class Friend(Customer):
    """Somebody with an account, who accepts tickets of others."""

    def __init__(self, shop: StormShop, chance: random.Random, user_id: str, email: str) -> None:
        super().__init__(shop, chance)
        self.id, self.email = user_id, email


async def make_friends(shop: StormShop, chance: random.Random) -> list[Friend]:
    """Make some accounts, and have their addresses verified by an admin."""

    async def ask(verb: str, path: str, body: Json) -> Json:
        return await shop.ask(Request("make", verb, path, "", "", body))

    friends = []
    for number in range(FRIENDS):
        email = f"friend{number}-{chance.getrandbits(32):08x}@example.com"
        who = {"email": email, "password": f"storm {chance.getrandbits(64):016x}"}
        await ask("POST", "auth/register", who)
        user_id = str((await ask("POST", "auth/login", who))["userId"])
        await ask("PUT", f"users/{user_id}/email-verified", {"emailVerified": True})
        friends.append(Friend(shop, chance, user_id, email))
    return friends
