#!/bin/sh
# typst 0.15.2: a document that is to be PDF/UA fails as a whole where one letter of it has no glyph in the fonts that there
# are, such as an emoji in the title of a film. Without the standard the letter is an empty box. So whoever sets what others
# write, and wants accessible files, has to be ready to set it a second time.
set -eu
. "$(dirname "$0")/install"
python - <<'PY'
import json

import typst

source = b'#let data = json(bytes(sys.inputs.data))\n#set document(title: "Ticket")\n#data.title'


def made(title, **options):
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=True)
    inputs = {"data": json.dumps({"title": title})}
    return typst.Compiler(source, font_paths=fonts).compile(source, format="pdf", sys_inputs=inputs, **options)


assert made("Monsoon Letters", pdf_standards="ua-1").startswith(b"%PDF")
assert made("Monsoon \N{PARTY POPPER} 東京").startswith(b"%PDF"), "boxes"
try:
    made("Monsoon \N{PARTY POPPER} 東京", pdf_standards="ua-1")
except typst.TypstError as error:
    print("PDF/UA:", error)
    assert "could not be displayed with" in str(error)
else:
    raise SystemExit("it is set now")
PY
