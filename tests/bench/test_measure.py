"""Percentiles, and what processes use."""

import math
import os
import subprocess
import sys

import pytest

from bench.measure import Latencies, Meter, Result, Usage, by_service, percentile, ran, tree
from stack.errors import StackError

linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what processes use in /proc")


@pytest.mark.parametrize(
    ("share", "expected"), [(0.5, 50), (0.95, 95), (0.99, 99), (1.0, 100), (0.001, 1), (0.991, 100)]
)
def test_a_percentile_is_the_smallest_value_that_so_many_do_not_exceed(share: float, expected: int) -> None:
    assert percentile(range(1, 101), share) == expected


def test_one_value_is_every_percentile_and_none_is_no_number() -> None:
    assert Latencies.from_seconds([0.25]) == Latencies(250, 250, 250, 250)
    assert math.isnan(percentile([], 0.5))


def test_latencies_need_not_come_in_order() -> None:
    assert Latencies.from_seconds([0.003, 0.001, 0.002]) == Latencies(2, 3, 3, 3)


def test_the_generator_is_left_out_of_what_each_costs() -> None:
    usage = {"generator": Usage(50, 0), "booking": Usage(1, 0), "postgres": Usage(2, 0)}
    assert Result(done=1_000, seconds=10, latencies=Latencies.from_seconds([]), usage=usage).cpu_ms_each == 3


@linux
def test_a_meter_sees_what_a_process_works_and_keeps_in_memory() -> None:
    meter = Meter({"me": os.getpid}, {})
    meter.start()
    before = os.times()
    while os.times().user + os.times().system < before.user + before.system + 0.05:
        sum(range(1_000))
    used = meter.stop()["me"]
    assert used.cpu_seconds >= 0.04
    assert used.memory_bytes > 1_000_000


@linux
def test_a_tree_is_a_process_with_its_children() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        assert child.pid in tree(os.getpid())
        assert tree(child.pid) == [child.pid]
        child.communicate(b"\n")
    assert child.pid not in tree(os.getpid())


@linux
def test_a_tree_counts_the_work_of_children_that_have_ended() -> None:
    meter = Meter({}, {"all": os.getpid})
    meter.start()
    work = "import os\nwhile sum(os.times()[:2]) < 0.2: sum(range(1000))"
    _, used = ran([sys.executable, "-c", work])
    assert used.cpu_seconds >= 0.2
    assert meter.stop()["all"].cpu_seconds >= 0.15


def test_a_load_program_that_fails_tells_why() -> None:
    with pytest.raises(StackError, match="failed: no such luck"):
        ran([sys.executable, "-c", "import sys; sys.exit('no such luck')"])


def test_replicas_count_as_their_service() -> None:
    used = {"booking": Usage(1.0, 80), "booking-2": Usage(2.0, 90), "gateway": Usage(0.5, 70)}
    assert by_service(used) == {"booking": Usage(3.0, 90), "gateway": Usage(0.5, 70)}
