"""What an image of the system is made of, and what stands before its APIs."""
