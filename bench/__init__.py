"""How fast it is, beside what else is fast: load, measures, references and their report. `make bench` runs it."""
