"""The rules of the city's work: case, clocks, calendar, standard, grid, ledger, formulas.

Owns every judgement: what an action may do, when something falls due, who was late. Must never read a clock,
make an identifier, do input or output, or await anything; only the standard library and msgspec are imported.
"""
