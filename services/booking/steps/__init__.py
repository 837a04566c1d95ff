"""Steps across services: each calls peers between transactions."""
