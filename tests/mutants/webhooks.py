"""Bugs of webhooks: where they go, and in which order."""

from tests.mutants.mutant import REQUESTS, Mutant

ADDRESSES = ("tests/notifications/test_webhook_addresses.py",)
SENT = ("tests/notifications/test_webhooks.py",)

MUTANTS = (
    Mutant(
        "a host is posted to as soon as one of its addresses is public",
        "_Resolver.resolve",
        "all(may_be_sent_to(address, allow_loopback=self._allow_loopback) for address in addresses)",
        "any(may_be_sent_to(address, allow_loopback=self._allow_loopback) for address in addresses)",
        REQUESTS,
        ADDRESSES,
    ),
    Mutant(
        "an address that stands in a URL itself is not judged",
        "Poster._socket_to",
        "not may_be_sent_to(at[0], allow_loopback=self._allow_loopback)",
        "False",
        REQUESTS,
        ADDRESSES,
    ),
    Mutant(
        "addresses that stand for others are not refused",
        "_is_global",
        "address in IPV6_GLOBAL",
        "True",
        REQUESTS,
        ADDRESSES,
    ),
    Mutant(
        "redirects are followed",
        "Poster.post",
        "self._session.post(url, data=data, headers=headers, allow_redirects=False)",
        "self._session.post(url, data=data, headers=headers, allow_redirects=True)",
        REQUESTS,
        ADDRESSES,
    ),
    Mutant(
        "who answers 200 to everything has passed the challenge",
        "posting:_judged",
        "not challenge or answer.strip() == challenge.encode()",
        "True",
        REQUESTS,
        SENT,
    ),
    Mutant(
        "a message that was not taken is passed by",
        "Sender._send_all",
        "if answer.outcome is not Outcome.TAKEN:\n    await self._failed(taken, message.number, answer)\n    return",
        "if answer.outcome is not Outcome.TAKEN:\n    await self._failed(taken, message.number, answer)\n    continue",
        REQUESTS,
        SENT,
    ),
    Mutant(
        "whoever was too slow notes all the same",
        "webhooks:_MINE",
        "AND lease = %(lease)s",
        "",
        REQUESTS,
        SENT,
    ),
    Mutant(
        "what comes behind a full page is passed over",
        "Sender._send_all",
        "len(page.messages) < BATCH",
        "True",
        REQUESTS,
        SENT,
    ),
)
