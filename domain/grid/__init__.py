"""The grid tree and the posts: which places there are, and who is responsible for them when (domain document §1-§2)."""
