"""A command of the terminal: its exit code, and what stands in its way in one line."""

from __future__ import annotations

import io
import os
import signal
import sys
from collections.abc import Callable
from typing import NoReturn

import psycopg

from audit.errors import AuditError
from certificates.errors import CertificatesError
from stack.errors import StackError


def run(do: Callable[[], int]) -> NoReturn:
    """Exit with the code that `do` returns; with what went wrong if it raises."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a film's title may have letters that the terminal has not
    try:
        sys.exit(do())
    except (StackError, AuditError, CertificatesError) as error:
        sys.exit(f"boxoffice: {error}")
    except BrokenPipeError:
        # Whoever read this has read enough, as in `make logs | head`.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(128 + signal.SIGPIPE)
    except (OSError, psycopg.Error) as error:
        # A full disk, a database that went away: said in the machine's words, which are one line or a few.
        sys.exit(f"boxoffice: {' '.join(str(error).split())}")
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
