"""Where the time of benches went, by pool, and what one more shift or bench would have brought."""
