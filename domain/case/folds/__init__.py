"""What each event makes of a case, in a group for each part of its life; `evolve` looks up which."""
