"""`liandong worktime`: the two questions of working time, one by one or by the hundred thousand, and explained."""
