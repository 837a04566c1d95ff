# First of all, because it has to be so before gRPC is imported.
import stack as _stack  # noqa: F401
