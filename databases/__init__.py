"""Roles and databases of a PostgreSQL server: `python -m databases --server URL` makes them, as `make run` does.

`databases` makes what is missing and says who may do what. The command that runs everything on one machine and the
services' image both use it, so it knows neither.
"""
