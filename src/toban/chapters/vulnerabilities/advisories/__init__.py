"""What is known of vulnerabilities: advisories in the OSV format, from a mirror of them."""
