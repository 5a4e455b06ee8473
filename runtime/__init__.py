"""What every process needs whatever it does: settings, logging, failpoints, supervision of child processes.

Must never hold a word of the city's business: nothing here knows what a case is.
"""
