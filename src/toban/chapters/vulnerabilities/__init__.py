"""Chapter 8, vulnerabilities: what is installed where, what is known against it, and how it is mended."""
