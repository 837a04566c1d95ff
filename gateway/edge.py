"""What may be chosen about the gateway: how often a caller may call, whose pages may, whether calls take a token."""

from __future__ import annotations

import argparse
import os
import re
from dataclasses import dataclass
from typing import Any, Literal

_ORIGIN = re.compile(r"https?://[A-Za-z0-9.\-\[\]:]+")
_FILLS_PER_SECOND = 10


@dataclass(frozen=True)
class Edge:
    """Settings of the gateway. Raises ValueError where one is out of bounds."""

    rate_limit_per_second: int = 10_000
    """How many requests a caller (an IPv4 address, an IPv6 /64) may send in the long run; two seconds' at once. More
    than one honest machine sends to one gateway, less than a flood."""
    trusted_proxies: int = 0
    """How many proxies of one's own stand before the gateway: the outermost tells who calls, in x-forwarded-for."""
    cors_origins: tuple[str, ...] = ()
    """The origins, such as https://app.example, whose pages may call; `*` alone for all."""
    auth: Literal["on", "off"] = "off"
    """Whether calls take an access token, but for what the contracts allow everybody."""
    cors_credentials: Literal["on", "off", ""] = ""
    """Whether pages may call with cookies and the like. Empty: those of origins that are named."""
    hold_pace_milliseconds: int = 30
    """While half of the holds take longer than this, fewer are let in: see gateway/shedding.py."""

    def __post_init__(self) -> None:
        if not 1 <= self.rate_limit_per_second <= 1_000_000:
            raise ValueError(f"RATE_LIMIT_PER_SECOND is not from 1 to 1000000: {self.rate_limit_per_second}")
        if not 0 <= self.trusted_proxies <= 10:
            raise ValueError(f"TRUSTED_PROXIES is not from 0 to 10: {self.trusted_proxies}")
        if self.auth not in ("on", "off"):
            raise ValueError(f"AUTH is neither on nor off: {self.auth!r}")
        if self.cors_credentials not in ("on", "off", ""):
            raise ValueError(f"CORS_CREDENTIALS is neither on nor off: {self.cors_credentials!r}")
        if self.cors_credentials == "on" and "*" in self.cors_origins:
            raise ValueError("CORS_CREDENTIALS is on and CORS_ORIGINS is *: name the origins that may send cookies")
        if not 1 <= self.hold_pace_milliseconds <= 1_000:
            raise ValueError(f"HOLD_PACE_MILLISECONDS is not from 1 to 1000: {self.hold_pace_milliseconds}")
        for origin in self.cors_origins:
            if not _ORIGIN.fullmatch(origin) and self.cors_origins != ("*",):
                raise ValueError(f"CORS_ORIGINS has what is not an origin such as https://app.example: {origin!r}")

    def bucket(self) -> dict[str, Any]:
        """Return a caller's bucket of requests, as a token bucket of Envoy."""
        per_fill = max(1, self.rate_limit_per_second // _FILLS_PER_SECOND)
        interval = per_fill / self.rate_limit_per_second
        return {
            "max_tokens": 2 * self.rate_limit_per_second,
            "tokens_per_fill": per_fill,
            "fill_interval": f"{interval:.3f}s",
        }

    @property
    def takes_credentials(self) -> bool:
        """Whether pages may call with cookies and the like; never those of any origin."""
        return self.cors_credentials == "on" or (self.cors_credentials == "" and "*" not in self.cors_origins)

    def origins(self) -> list[dict[str, Any]]:
        """Return the origins as Envoy's string matchers."""
        if self.cors_origins == ("*",):
            return [{"safe_regex": {"regex": ".*"}}]
        return [{"exact": origin} for origin in self.cors_origins]


def add_options(parser: argparse.ArgumentParser) -> None:
    """Let a command line choose, or the environment."""
    parser.add_argument(
        "--rate-limit-per-second",
        type=int,
        default=os.environ.get("RATE_LIMIT_PER_SECOND") or Edge.rate_limit_per_second,
        help="requests of one caller; twice as many at once (default: RATE_LIMIT_PER_SECOND, else %(default)s)",
    )
    parser.add_argument(
        "--trusted-proxies",
        type=int,
        default=os.environ.get("TRUSTED_PROXIES") or Edge.trusted_proxies,
        help="own proxies before the gateway (default: TRUSTED_PROXIES, else %(default)s)",
    )
    parser.add_argument(
        "--cors-origins",
        default=os.environ.get("CORS_ORIGINS", ""),
        help="origins whose pages may call, commas between them (default: CORS_ORIGINS, else none)",
    )
    parser.add_argument(
        "--cors-credentials",
        default=os.environ.get("CORS_CREDENTIALS", ""),
        help="on or off: whether these pages may send cookies (default: CORS_CREDENTIALS, else on unless all may call)",
    )
    parser.add_argument(
        "--auth",
        default=os.environ.get("AUTH") or Edge.auth,
        help="on: calls take an access token (default: AUTH, else off)",
    )
    parser.add_argument(
        "--hold-pace-milliseconds",
        type=int,
        default=os.environ.get("HOLD_PACE_MILLISECONDS") or Edge.hold_pace_milliseconds,
        help="while half of the holds take longer, fewer may come (default: HOLD_PACE_MILLISECONDS, else %(default)s)",
    )


def edge_of(options: argparse.Namespace) -> Edge:
    """Return what a command line chose; raise ValueError where that makes no sense."""
    origins = origins_of(options.cors_origins)
    return Edge(
        options.rate_limit_per_second,
        options.trusted_proxies,
        origins,
        options.auth,
        options.cors_credentials,
        options.hold_pace_milliseconds,
    )


def origins_of(text: str) -> tuple[str, ...]:
    """Return origins that stand in one text with commas between them."""
    return tuple(origin.strip() for origin in text.split(",") if origin.strip())
