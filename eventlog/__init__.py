"""The record: topics, the format of decision records and its versions, append, tail, history, hash chain.

Owns what is written for ever. Must never judge an action, and never change or delete what was written.
"""
