#!/bin/sh
# pyexcel 0.7.6: cells of a CSV file, which has nothing but text, come as numbers and dates where they look like one: seat 1E5
# is 100000.0, and 7 a number beside 012, which stays text. A plan of seats that is read in this way has other seats.
# auto_detect_float=False, auto_detect_int=False and auto_detect_datetime=False leave cells as they are.
set -eu
. "$(dirname "$0")/install"
python - <<'PY'
from importlib.metadata import version

import pyexcel

print("pyexcel", version("pyexcel"))
with open("seats.csv", "w") as file:
    file.write("1E4,1E5,1F5\n7,012,12A\n")
seen = pyexcel.get_array(file_name="seats.csv")
plain = pyexcel.get_array(
    file_name="seats.csv", auto_detect_float=False, auto_detect_int=False, auto_detect_datetime=False
)
print("by default:", seen)
print("told not to:", plain)
assert seen == [[10000.0, 100000.0, "1F5"], [7, "012", "12A"]]
assert plain == [["1E4", "1E5", "1F5"], ["7", "012", "12A"]]
PY
