"""The processes of one Toban, on one machine or several: what each is, and what is wrong with them."""
