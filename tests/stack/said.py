"""A program for tests: `python -m tests.stack.said CODE` runs the code, executed or forked."""

import sys

if __name__ == "__main__":
    exec(sys.argv[1])
