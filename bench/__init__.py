"""How fast it is, beside what else is fast: load, measures, references and their report. `make bench` runs it."""

# First of all, because it has to be so before gRPC is imported.
import stack as _stack  # noqa: F401
