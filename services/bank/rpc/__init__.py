"""The gRPC side: parse, call, render."""
