#!/bin/sh
# agate 1.14.2: a percent sign is dropped from numbers: of a column that says 10%, 5% and 7, a coupon of ten per cent and one
# of seven rupees are the numbers 10 and 7, of the same kind. A column of gates that are numbered 0 and 1 becomes truth values;
# with a gate 2 it is numbers.
set -eu
. "$(dirname "$0")/install"
python - <<'PY'
import io
from importlib.metadata import version

import agate

print("agate", version("agate"))


def columns(text: str) -> dict[str, list[object]]:
    table = agate.Table.from_csv(io.StringIO(text))
    return {column.name: list(column.values()) for column in table.columns}


two = columns("discount,gate\n10%,0\n5%,1\n7,1\n")
three = columns("discount,gate\n10%,0\n5%,1\n7,2\n")
print(two, three)
assert two["discount"] == [10, 5, 7], "per cent are told now"
assert [type(gate) for gate in two["gate"]] == [bool, bool, bool], "gates 0 and 1 are numbers now"
assert three["gate"] == [0, 1, 2] and not isinstance(three["gate"][0], bool)
PY
