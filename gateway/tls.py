"""TLS from the gateway to the services: what it shows them, and whom it takes for them. Used where AUTH is on."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from dataclasses import dataclass

SUFFIX = ".boxoffice.internal"
"""What follows a service's name in its certificate."""


@dataclass(frozen=True)
class Files:
    """Where Envoy will find the authority's certificates, the gateway's own, and its key; all PEM."""

    ca: str
    cert: str
    key: str

    def values(self, service: str) -> Mapping[str, str]:
        """Return what the template's part `tls` is filled with, for the cluster of a service."""
        return {"server_name": f"{service}{SUFFIX}", "ca": self.ca, "cert": self.cert, "key": self.key}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Let a command line say where, or the environment."""
    for name, what in (("ca", "the authority's certificates"), ("cert", "its own certificate"), ("key", "its key")):
        variable = f"TLS_{name.upper()}_FILE"
        parser.add_argument(
            f"--tls-{name}-file",
            default=os.environ.get(variable, ""),
            metavar="FILE",
            help=f"where Envoy will find {what}, where AUTH is on (default: {variable})",
        )


def files_of(options: argparse.Namespace) -> Files | None:
    """Return what a command line said; None if it named no files, or not all of them."""
    ca, cert, key = options.tls_ca_file, options.tls_cert_file, options.tls_key_file
    return Files(ca, cert, key) if ca and cert and key else None
