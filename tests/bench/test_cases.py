"""Which cases are measured, and that references run what the services run."""

import re

import pytest

from bench.__main__ import CASES
from bench.cases import chosen
from bench.claims import CLAIMS
from bench.measure import Latencies, Result
from bench.reference import own


def test_no_two_cases_have_one_name() -> None:
    assert len({case.name for case in CASES}) == len(CASES)


def test_a_group_or_a_case_can_be_asked_for() -> None:
    names = [case.name for case in chosen(CASES, ["hot", "create.grpc.big.64"], quick=False)]
    assert names == ["create.grpc.big.64", "hot.50", "hot.1000"]


def test_a_quick_bench_leaves_out_what_is_long_unless_it_is_asked_for_by_name() -> None:
    quick = [case.name for case in chosen(CASES, [], quick=True)]
    assert "scale.1e5" in quick
    assert "scale.1e7" not in quick
    assert [case.name for case in chosen(CASES, ["scale.1e7"], quick=True)] == ["scale.1e7"]
    assert [case.name for case in chosen(CASES, ["scale"], quick=True)] == ["scale.1e5"]


def test_a_name_that_is_none_is_refused() -> None:
    with pytest.raises(LookupError, match="no case 'creat'"):
        chosen(CASES, ["creat"], quick=False)


def test_claims_are_about_cases_that_there_are() -> None:
    asked: set[str] = set()

    class Asked(dict[str, Result]):
        def __missing__(self, name: str) -> Result:
            asked.add(name)
            return Result(done=1, seconds=1, latencies=Latencies.from_seconds([0.1]))

    for claim in CLAIMS:
        try:
            claim.value(Asked())
        except KeyError:
            continue
    assert asked
    assert asked <= {case.name for case in CASES}


def test_a_statement_with_other_parameters_is_refused() -> None:
    assert own.bind("SELECT %s::uuid[] = ANY(%s)", "ids", "all") == "SELECT :ids::uuid[] = ANY(:all)"
    with pytest.raises(ValueError, match="1 places"):
        own.bind("SELECT %s, %s", "ids")
    assert own.bind("SELECT %(id)s, %(of)s, %(id)s", of="all", id="ids") == "SELECT :ids, :all, :ids"
    for names in ({"id": "ids"}, {"id": "ids", "of": "all", "other": "others"}):
        with pytest.raises(ValueError, match="names"):
            own.bind("SELECT %(id)s, %(of)s", **names)


def test_the_reference_binds_every_parameter_of_our_statements() -> None:
    assert not re.search(r"%s|%\(", own.script())
