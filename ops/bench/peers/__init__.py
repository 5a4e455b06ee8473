"""The same work done by others, each a script of its own that the bench starts; their packages are not ours.

Each is used as its own documentation does, reads where the work is from the environment, and prints one JSON object.
"""
