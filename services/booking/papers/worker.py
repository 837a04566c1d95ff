"""Sets papers, in a process of its own: `python -I worker.py FONTS TEMPLATES MEMORY SECONDS`.

Each line of standard input is a paper as JSON: the `template`, the `data` that it shows, the `symbols` of codes in it
(each a code, and the words for it), and the instant `at` that the file says it is of. For each, a byte of outcome and
the length of what follows in four bytes go out, and then the file. What people wrote is data to a template and never
part of it. It imports nothing of Boxoffice but what draws codes, which imports nothing else of it: so it starts
quickly, and has no secrets.
"""

import json
import os
import resource
import runpy
import struct
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import typst

MADE, NOT_MADE = 0, 1
HEAD = struct.Struct(">BI")
"""The outcome, and the length of what follows."""

NICE = 15
"""Sales come first where processors are few."""

svg = runpy.run_path(str(Path(__file__).resolve().parent.parent / "tickets" / "qr.py"))["svg"]


def limit(memory: int, seconds: int) -> None:
    """Take no more than so much memory and processor; write no file, open none, and be the first to go."""
    os.nice(NICE)
    with suppress(OSError):  # only Linux has it
        Path("/proc/self/oom_score_adj").write_text("1000")
    for what, most in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_NOFILE, 0),
    ):
        with suppress(ValueError, OSError):  # macOS has no limit of memory, and refuses to set one
            resource.setrlimit(what, (most, most))


class Press:
    """Templates and fonts, read once."""

    def __init__(self, fonts: Path, templates: Path) -> None:
        self._templates = {path.stem: path.read_bytes() for path in templates.glob("*.typ")}
        found = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(fonts)])
        self._fonts = sorted(found.families(), key=lambda name: (len(name), name))
        self._compiler = typst.Compiler(
            font_paths=found,
            # Nothing is there: templates use no packages, and none is looked for elsewhere.
            package_path=templates / "none",
            package_cache_path=templates / "none",
        )

    def make(self, paper: dict[str, Any]) -> bytes:
        """Return a paper as a PDF that says its title and language, and by its tags what is what."""
        symbols = [svg(code, words).decode() for code, words in paper["symbols"]]
        data = json.dumps(paper["data"] | {"symbols": symbols, "fonts": self._fonts})
        try:
            return self._compiled(paper, data, "ua-1")
        except typst.TypstError:
            # PDF/UA wants a glyph for each letter. Without it, letters that no font has are boxes.
            return self._compiled(paper, data, None)

    def _compiled(self, paper: dict[str, Any], data: str, standard: Any) -> bytes:
        made = self._compiler.compile(
            self._templates[paper["template"]],
            format="pdf",
            sys_inputs={"data": data},
            pdf_standards=standard or [],
            timestamp=paper["at"],
        )
        assert isinstance(made, bytes)
        return made

    def warm_up(self) -> None:
        """Have everything read that is read when it is first needed: later no file can be opened."""
        self.make({"template": "every_font", "data": {}, "symbols": [], "at": 0})


def main() -> None:
    """Make papers until nobody wants any more."""
    fonts, templates, memory, seconds = sys.argv[1:]
    press = Press(Path(fonts), Path(templates))
    press.warm_up()
    limit(int(memory), int(seconds))
    out = sys.stdout.buffer
    for line in sys.stdin.buffer:
        outcome = MADE
        try:
            file = press.make(json.loads(line))
        except Exception as error:  # the next paper may be fine
            # What people wrote may be in its text: only its kind is told.
            outcome, file = NOT_MADE, type(error).__name__.encode()
        out.write(HEAD.pack(outcome, len(file)) + file)
        out.flush()


if __name__ == "__main__":
    main()
