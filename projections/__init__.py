"""One question, one place: a fold of the record, the rows it keeps and the query that answers.

Owns everything that can be thrown away and built again. Must never decide, and never write to the log.
"""
