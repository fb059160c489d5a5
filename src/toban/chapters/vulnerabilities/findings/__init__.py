"""What was found: each vulnerability from the first source that reports it to the last that does no more."""
