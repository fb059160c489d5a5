"""What changed, when and by whom: an index of the evidence by what each change is about."""
