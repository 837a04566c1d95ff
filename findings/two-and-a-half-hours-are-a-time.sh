#!/bin/sh
# pyexcel-ods3 0.6.1: a duration of less than a day, written to an OpenDocument sheet and read again, is a time of day, and one
# of a day or more a duration: a film of 2 h 30 min is half past two in the morning, a festival of 25 hours stays 25 hours.
# Sums of such a column fail at the first short one.
set -eu
. "$(dirname "$0")/install"
python - <<'PY'
import io
from datetime import time, timedelta
from importlib.metadata import version

from pyexcel_ods3 import get_data, save_data


def read_back(value: object) -> object:
    """Write a cell, and return what is read of it."""
    file = io.BytesIO()
    save_data(file, {"shows": [[value]]})
    file.seek(0)
    return get_data(file)["shows"][0][0]


print("pyexcel-ods3", version("pyexcel-ods3"))
seen = {value: read_back(value) for value in (timedelta(hours=2, minutes=30), timedelta(hours=25))}
for value, found in seen.items():
    print(repr(value), "->", repr(found))
assert list(seen.values()) == [time(2, 30), timedelta(hours=25)], "durations stay durations now"
PY
