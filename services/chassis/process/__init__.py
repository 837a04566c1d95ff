"""A service as a process: settings, command line, server, readiness."""
