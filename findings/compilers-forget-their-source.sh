#!/bin/sh
# typst 0.15.2 (Python): a Compiler that is given its source as bytes compiles it once. Asked again, with other values for
# sys.inputs, which is what a compiler is kept for, it looks for a file __typst_py_bytes__.typ, which nobody has written. Given
# as a path, the source is there each time; given as bytes, it has to be given to each compile() again.
set -eu
. "$(dirname "$0")/install"
python - <<'PY'
import typst

compiler = typst.Compiler(b"Hello #sys.inputs.name")
first = compiler.compile(format="pdf", sys_inputs={"name": "Asha"})
assert first.startswith(b"%PDF")
try:
    compiler.compile(format="pdf", sys_inputs={"name": "Ravi"})
except typst.TypstError as error:
    print("the second time:", error)
    assert "file not found" in str(error)
else:
    raise SystemExit("it compiles again now")
assert compiler.compile(b"Hello #sys.inputs.name", format="pdf", sys_inputs={"name": "Ravi"}).startswith(b"%PDF")
PY
