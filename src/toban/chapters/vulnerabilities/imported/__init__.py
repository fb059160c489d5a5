"""What others say: reports of scanners, and statements (VEX) about vulnerabilities, taken in as files."""
