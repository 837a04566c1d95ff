"""Invoices, receipts and what corrects them, numbered without a gap."""
