"""Measurements as ratios against a floor in the same run; `make bench`. How to read them: `bench/README.md`."""
