"""Documents that Toban writes itself, from what is in force: so that they can't age. See docs/adr/0045."""
