"""Chapter 12: where documents are kept, and whether they follow what they are about."""
