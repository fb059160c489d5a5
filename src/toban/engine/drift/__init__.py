"""Where reality is set otherwise than the document says: found, shown on its row, proposed as a patch."""
