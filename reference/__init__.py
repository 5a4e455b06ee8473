"""Contents that the rules are pinned to, in and out: standards, calendars, grid trees, profiles, mappings.

Owns the checks that make a content whole before it is used. Must never overwrite a version that was adopted.
"""
