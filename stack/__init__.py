"""Everything of Boxoffice on one machine: `python -m stack run`.

`environment` makes the virtual environment · `settings` what may be chosen · `credentials` the secrets ·
`places`, `postgres`, `databases` the embedded PostgreSQL · `processes`, `supervisor` children and their restarts ·
`forks`, `fork_server` how services start · `services`, `envoy` what is run · `launcher` the order of it all ·
`running`, `control` a running stack seen from another terminal · `demo`, `walk`, `story`, `ageing` something to try ·
`command` what a verb ends with.
"""

import os

# Set before gRPC is imported. Its hooks around fork can end a child before it becomes the program that was meant
# (https://github.com/grpc/grpc/issues/43055), and nobody here uses gRPC both before a fork and after it: the fork
# server imports it, no more.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "false")
