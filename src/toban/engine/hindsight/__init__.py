"""What a change of the document would have done in the past, said by those who keep it. See docs/adr/0048."""
