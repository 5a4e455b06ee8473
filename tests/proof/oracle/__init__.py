"""Slow oracles of the rules. That of working time imports nothing of ours, that of a case the event structs alone."""
