"""The database: connections, statements, transactions, rows, migrations."""
