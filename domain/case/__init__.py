"""A case from report to end. Read in this order: values, events, state, evolve, actions, decide."""
