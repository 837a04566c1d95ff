"""The audit: whether the services' databases, taken together, are as they must be.

`invariants` what must never be otherwise, as SQL · `snapshots` all databases at one instant, and what is under way in
them · `audit` the order of it all. `make audit` runs it on this machine, `python -m audit` in the services' image. It
knows the services by the roster and their tables only.
"""
