"""The mutation check: bugs that are planted one by one, and the tests that have to find them."""
