"""figures: the formulas of the domain document §6, over facts that are folded case by case."""
