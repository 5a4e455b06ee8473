"""`liandong bench`: how fast the parts are, each beside its floor of the same run."""
