"""Medians, tables, JSON and the chart."""

import json
import math
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

from bench.claims import CLAIMS, shown
from bench.measure import Latencies, Result, Usage
from bench.report import Report, chart, document, middle, text, write

BEGAN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def result(rate: float, p99: float = 10, **figures: float) -> Result:
    return Result(
        done=round(rate * 10),
        seconds=10,
        latencies=Latencies(1, 5, p99, 99),
        errors={"SEATS_UNAVAILABLE": 3},
        usage={"booking": Usage(2.0, 90_000_000), "generator": Usage(1.0, 100_000_000)},
        figures=figures,
    )


def report(**runs: list[Result]) -> Report:
    return Report(BEGAN, {name: "bookings" for name in runs}, runs)


def test_one_bad_run_of_three_does_not_count() -> None:
    found = middle([result(1_000, 10), result(10, 5_000), result(900, 12)])
    assert found.per_second == 900
    assert found.latencies.p99 == 12


def test_a_claim_holds_by_the_medians_and_is_left_out_where_nothing_was_measured() -> None:
    medians = report(**{"create.grpc.big.64": [result(1_000, 39)], "reference.seeds.64": [result(1_250)]}).medians
    found = {one.claim.about: one for one in shown(medians)}
    ratio = found["create, big show, 64 clients ÷ the seeds' transaction"]
    assert (ratio.value, ratio.holds) == (0.8, False)
    assert found["create, big show, 64 clients: p99 in ms"].holds
    assert not any(about.startswith("expiry") for about in found)


def test_a_claim_about_what_was_never_seen_does_not_hold() -> None:
    nothing = Result(done=0, seconds=1, latencies=Latencies.from_seconds([]))
    [one] = [one for one in shown({"create.grpc.big.64": nothing}) if "p99" in one.claim.about]
    assert math.isnan(one.value)
    assert not one.holds


def test_the_table_names_each_case_with_its_errors_and_figures() -> None:
    tables = text(report(**{"hot.50": [result(12, last_answer_ms=81)]}))
    [line] = [line for line in tables.splitlines() if line.startswith("hot.50") and "bookings" in line]
    assert "SEATS_UNAVAILABLE 3" in line
    assert "last_answer_ms 81" in line


def test_the_files_can_be_read_by_others(tmp_path: Path) -> None:
    nothing = Result(done=0, seconds=1, latencies=Latencies.from_seconds([]))
    one = report(**{"create.grpc.big.64": [result(1_000)], "flow.<b>": [nothing]})
    tables, drawn = write(one, tmp_path)
    found = json.loads(tables.read_text())
    assert found["cases"]["create.grpc.big.64"]["median"]["per_second"] == 1_000
    assert found["cases"]["flow.<b>"]["median"]["latencies"]["p50"] is None
    names = [element.text for element in ElementTree.parse(drawn).iter("{http://www.w3.org/2000/svg}text")]
    assert "flow.<b>" in names
    assert (tables.name, drawn.name) == ("20260102-030405.json", "20260102-030405.svg")


def test_the_longest_bar_is_the_fastest() -> None:
    root = ElementTree.fromstring(chart(report(slow=[result(100)], fast=[result(400)])))
    bars = [float(bar.attrib["width"]) for bar in root.iter("{http://www.w3.org/2000/svg}rect")][1:]
    assert bars[1] == 4 * bars[0]


def test_every_claim_is_told_apart() -> None:
    assert len({claim.about for claim in CLAIMS}) == len(CLAIMS)
    assert document(report())["claims"] == []
