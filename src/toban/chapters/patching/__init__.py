"""Chapter 8, patches: fixes of the distribution, installed host by host, and what came of it."""
