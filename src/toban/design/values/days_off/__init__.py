"""Days on which a team does not work: public holidays, and its own closing days."""
