"""Where calls come from, by which attempts at passwords are counted."""

import logging
import re
import time

from services.chassis.wire import tls
from services.chassis.wire.incoming import Context

log = logging.getLogger(__name__)

BELIEVED = ("gateway", "web")
"""Who says where a call comes from."""

WARN_SECONDS = 3600
"""How long nothing more is said of proxies that nobody told of: anybody can send their header."""

_PEER = re.compile(r"ipv[46]:(?P<address>.*):\d+")


class Callers:
    """Finds out where calls come from."""

    def __init__(self, trusted_proxies: int) -> None:
        """`trusted_proxies`: how many proxies of one's own stand before the gateway."""
        self._trusted_proxies = trusted_proxies
        self._warned_at = float("-inf")

    def address(self, context: Context) -> str:
        """Return where a call comes from: what the gateway says, which lets nobody else say it, and the shop, which the
        gateway tells; or who is connected."""
        if tls.own is None or tls.peer(context) in BELIEVED:  # without AUTH nobody shows who they are
            metadata = dict(context.invocation_metadata() or ())
            self._look_for_proxies(str(metadata.get("x-forwarded-for", "")))
            if address := metadata.get("x-client-address"):
                return str(address)
        peer = _PEER.fullmatch(context.peer())
        return peer["address"].strip("[]") if peer else context.peer()

    def _look_for_proxies(self, forwarded_for: str) -> None:
        # The gateway adds one address, which is its caller's. Another came with the call: from a proxy, or made up.
        if self._trusted_proxies or "," not in forwarded_for or time.monotonic() - self._warned_at < WARN_SECONDS:
            return
        self._warned_at = time.monotonic()
        log.warning(
            "CALLS COME WITH X-FORWARDED-FOR, AND TRUSTED_PROXIES IS 0: if a proxy of yours stands before the gateway, "
            "all people have its address and are held to one limit on wrong passwords. Set TRUSTED_PROXIES, here and "
            "for the gateway, to how many there are. If there is none, a caller made it up, and nothing is wrong."
        )
