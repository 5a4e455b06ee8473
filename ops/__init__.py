"""The liandong command, from demo to doctor, and the broker and the database that it can carry with it.

Owns starting, stopping and looking after a system. Must never hold a rule; no other folder may import it.
"""
