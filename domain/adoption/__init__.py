"""Adoption: which version of the reference contents a partition of the log decides by, from which offset on.

The aggregate is the partition: an adoption is an action appended to every one of them (design document §1.8).
"""
