"""The processors: dispatch decides, project writes rows, clock ticks, react follows up.

Owns the one writer of each partition. Must never hold a rule of its own, and never serve a person.
"""
