"""Sign-ins that somebody should look at: stated rules, each of which explains what it found."""
