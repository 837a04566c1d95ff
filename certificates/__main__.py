"""Make certificates for the services in FOLDER, or make anew what is missing, damaged or about to end there."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from certificates.certificates import make
from certificates.errors import CertificatesError


def main(arguments: Sequence[str] | None = None) -> None:
    """Make certificates in the folder that the command line names."""
    parser = argparse.ArgumentParser(prog="python -m certificates", description=__doc__)
    parser.add_argument(
        "folder", type=Path, metavar="FOLDER", help="made where it is not there; what is in it is for its owner only"
    )
    folder = parser.parse_args(arguments).folder.absolute()
    try:
        made = make(folder)
    except CertificatesError as error:
        sys.exit(f"boxoffice: {error}")
    print(f"boxoffice: made certificates of {', '.join(made)} in {folder}" if made else "boxoffice: all are good still")


if __name__ == "__main__":
    main()
