"""The shop: pages for people, made by a client of the services."""
