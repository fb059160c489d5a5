"""What happened, line by line: gathered from what the engine records, and amended by people."""
