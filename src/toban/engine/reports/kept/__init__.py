"""Reports that are kept: the editions of a month, what people remark on them, and who signs them."""
