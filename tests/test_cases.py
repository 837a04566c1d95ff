"""A test of many cases fails for each that is wrong, and where there is none."""

import pytest

from tests.cases import all_cases


def test_each_case_that_is_wrong_is_told_and_the_others_are_looked_at() -> None:
    looked = []
    with pytest.raises(AssertionError) as caught, all_cases() as case:
        for number in range(4):
            with case(f"case {number}"):
                looked.append(number)
                assert number != 1, "it is one"
                {}[2] if number == 2 else None
    assert looked == [0, 1, 2, 3]
    assert str(caught.value).startswith("2 of 4 cases:\n\ncase 1: it is one")
    assert "case 2: KeyError(2)" in str(caught.value)


def test_no_case_is_a_mistake() -> None:
    with pytest.raises(AssertionError, match="there is no case"), all_cases():
        pass
