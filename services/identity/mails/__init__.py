"""Mails about accounts: asked for, fetched by notifications, and what their links are for."""
