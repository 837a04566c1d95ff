"""Texts, currencies, languages: which forms they may have."""
