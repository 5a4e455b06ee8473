"""Admission 准入: which matters the grid takes on, for how long, and who said so (domain document §5, "Admission")."""
