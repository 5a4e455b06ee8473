"""Files that share one whole system."""
