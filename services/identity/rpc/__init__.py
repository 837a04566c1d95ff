"""Contract to domain and back."""
