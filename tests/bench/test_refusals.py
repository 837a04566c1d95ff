"""What the gateway's log says of refusals."""

import json
from pathlib import Path
from typing import Any

from bench.refusals import CIRCUIT, CONTROLLER, gateway_seconds


def line(details: str, milliseconds: int, **more: Any) -> str:
    return json.dumps(
        {"details": details, "flags": "-", "duration_ms": milliseconds, "time": "2026-11-28T23:25:11.534Z"} | more
    )


def test_what_the_gateway_refused_since_then_is_found_in_its_log(tmp_path: Path) -> None:
    log = tmp_path / "gateway.log"
    lines = [
        "[warning] not JSON, though it says UO",
        line(CONTROLLER, 3),
        line("upstream_reset_before_response_started{overflow}", 7, flags=CIRCUIT),
        line("via_upstream", 11, path="/UO"),
        line(CONTROLLER, 13, time="2026-11-28T23:25:10.000Z"),
    ]
    log.write_text("\n".join(lines) + "\n")
    assert gateway_seconds(log, since=1_795_908_311.0) == [0.003, 0.007]
