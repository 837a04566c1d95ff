"""Everything of Boxoffice on one machine: `python -m stack run`.

`environment` makes the virtual environment · `settings` what may be chosen · `credentials` the secrets ·
`places`, `postgres`, `databases` the embedded PostgreSQL · `processes`, `supervisor` children and their restarts ·
`services`, `envoy` what is run · `launcher` the order of it all · `running`, `control` a running stack seen from
another terminal · `demo`, `walk`, `story`, `ageing` something to try · `invariants`, `snapshots`, `audit` what must
never be otherwise · `storm` load and faults, and what the promises are worth then.
"""
