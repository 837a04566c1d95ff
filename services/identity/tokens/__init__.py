"""Refresh tokens and their families, which logins begin, and the access tokens that go with them."""
