"""The keys that sign access tokens: made, renewed, published."""
