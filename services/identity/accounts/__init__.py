"""Accounts: created, shown, renamed, and the passwords that open them."""
