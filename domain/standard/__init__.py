"""The case standard 立结案标准: classes, filing and closing conditions, limits (domain document §5)."""
