"""Money that users ask back."""
