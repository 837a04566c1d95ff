#!/bin/sh
# python-dateutil 2.9.0.post0: in "7.30pm", as times are printed in Britain and in India, the minutes are dropped without a
# word: it is 19:00. "19.30" is the 19th day of the month. Some dates beside such a time are refused, others are not.
set -eu
. "$(dirname "$0")/install"
python - <<'PY'
from datetime import datetime

from dateutil.parser import ParserError, parse

NOW = datetime(2026, 12, 1)
seen = {}
for text in ("7:30pm", "7.30pm", "7.45 pm", "12.30 pm", "Saturday 5 December at 7.30 pm", "5 December 2026, 7.30 pm", "19.30"):
    try:
        seen[text] = f"{parse(text, default=NOW):%d %B %Y %H:%M}"
    except ParserError as error:
        seen[text] = type(error).__name__
    print(f"{text}: {seen[text]}")
assert seen == {
    "7:30pm": "01 December 2026 19:30",
    "7.30pm": "01 December 2026 19:00",
    "7.45 pm": "01 December 2026 19:00",
    "12.30 pm": "01 December 2026 12:00",
    "Saturday 5 December at 7.30 pm": "05 December 2026 19:00",
    "5 December 2026, 7.30 pm": "ParserError",
    "19.30": "19 December 2026 00:00",
}, "a time with a point is read otherwise now"
PY
