"""A simulated year: the same requests on the same benches, under different ways of asking for a time.

Pure but for `reading` and `storing`, which know the database. All time is whole minutes since the local midnight of
the first simulated day.
"""
