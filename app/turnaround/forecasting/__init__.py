"""When reports come: methods that learn from measured lines, how they are held against each other, and what held."""
