#!/bin/sh
# python-escpos 3.1: what no code page of the printer has is printed as a question mark, and no error is raised: a receipt
# over the counter says ?450 for ₹450, and a Hindi title is a row of them. The euro sign changes the code page by itself.
# Texts that a printer may lack have to be drawn and sent as a picture.
set -eu
. "$(dirname "$0")/install"
python - <<'PY'
import re
from importlib.metadata import version

from escpos.printer import Dummy


def printed(text, profile=None):
    """Return the bytes that reach the printer, without the changes of its code page."""
    printer = Dummy(profile=profile)
    printer.text(text)
    return re.sub(rb"\x1bt.", b"", printer.output)


print("python-escpos", version("python-escpos"))
for profile in ("default", "TM-T88V"):
    seen = [printed("₹450", profile), printed("नाटक", profile), printed("€5", profile)]
    print(profile, seen)
    assert seen[:2] == [b"?450", b"????"]
    assert seen[2] in (b"\xd55", b"\xa45", b"\x805")
PY
