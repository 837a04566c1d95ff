import pytest

# So that what these find to be wrong is told as in a test.
pytest.register_assert_rewrite(
    "tests.faults.reschedule_operations",
    "tests.faults.method_operations",
    "tests.faults.money_operations",
    "tests.faults.operations",
    "tests.faults.races",
    "tests.faults.refund_operations",
    "tests.faults.cancellation_operations",
    "tests.faults.edit_operations",
    "tests.faults.world",
)
