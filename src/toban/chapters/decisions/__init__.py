"""Chapter 13: the document's decisions, held against the evidence. See docs/adr/0032."""
