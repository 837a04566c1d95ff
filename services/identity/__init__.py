"""Identity: accounts, their passwords and roles, and the tokens that say who calls."""
