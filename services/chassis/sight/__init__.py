"""What is seen of a service, and broken in tests: metrics, traces, logs, fault points."""
