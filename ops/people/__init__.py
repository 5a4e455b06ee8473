"""The people of the demo city: what each case's life will be (`plan`), its past (`history`), and who acts (`crowd`)."""
