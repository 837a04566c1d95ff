"""Settings of stacks that last as long as a test, a measurement or a storm."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from stack import ports
from stack.settings import PORT_STEP, Settings

INHERITED = {"NODES": "nodes", "PG_BIN": "pg_bin", "START_SECONDS": "start_seconds"}
"""Variables that such a stack goes by too, so that anything can be tried on Citus."""


def temporary_settings(
    folder: Path,
    *,
    replicas: int = 1,
    auth: Literal["on", "off"] | None = None,
    shop: Literal["on", "off"] = "off",
) -> Settings:
    """Return settings for a stack on free ports that keeps its data in `folder` and does not wait for the disk.

    `auth`: whether calls take a token; where it is not told, AUTH says, which is off by default. `shop`: has it one.
    """
    names = Settings.model_construct().ports()
    inherited = {name: os.environ[variable] for variable, name in INHERITED.items() if os.environ.get(variable)}
    processes = max(replicas, int(inherited.get("nodes", 0)) + 1)
    free = ports.choose(len(names), replicas=processes, step=PORT_STEP)
    chosen = dict(zip((name.lower() for name in names), free, strict=True))
    return Settings.model_validate(
        {**chosen, "replicas": replicas, "data_dir": folder, "postgres_durable": False, "web": shop}
        | {"auth": auth or os.environ.get("AUTH") or "off"}
        | inherited
    )
