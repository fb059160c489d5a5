"""Old objects that move to where they cost less: a bucket's own rules, compared with the measure."""
