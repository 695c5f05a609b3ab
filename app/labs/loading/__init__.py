"""The catalogue's CSV files on their way into the database: read, checked as a whole, stored, compared.

cells (one cell) < tables (which columns) < files (a folder read) < checks (what the rows say together)
< entries (as rows of the database) < store (compared and written).
"""
