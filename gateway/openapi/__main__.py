"""Print the document. `python -m gateway.openapi FILE [--auth off]`: FILE is a descriptor set that has the comments."""

import argparse
import json
from pathlib import Path

from gateway.openapi.comments import Comments
from gateway.openapi.document import document


def main() -> None:
    """Print the document of the contracts whose comments the command line names."""
    parser = argparse.ArgumentParser(prog="python -m gateway.openapi", description="Print the OpenAPI document.")
    parser.add_argument("descriptor", type=Path, help="what `buf build --as-file-descriptor-set` makes")
    parser.add_argument("--auth", choices=["on", "off"], default="on", help="whether calls take a token (default: on)")
    options = parser.parse_args()
    comments = Comments.read(options.descriptor.read_bytes())
    print(json.dumps(document(comments, options.auth), indent=2, ensure_ascii=False))


if __name__ == "__main__":
    main()
