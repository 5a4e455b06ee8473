"""`liandong reference`: what the city decides by, for whoever keeps it: look, compare, check, preview, adopt."""
