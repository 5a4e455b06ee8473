"""`liandong dead-letters`: what nobody could decode, and what people do with it."""
