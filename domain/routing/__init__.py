"""Routing 派遣规则: which unit a case is proposed to, by class × place × level (domain document §5, "Routing")."""
