"""Who has access to which system, what the document asks of it, and the accounts of those who leave."""
