"""Tasks where people are told of them: with their facts, and a button where nothing is odd."""
