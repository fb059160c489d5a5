"""Chapter 7, 障害対応: incidents, their clocks, remedies and reports. See docs/adr/0031."""
