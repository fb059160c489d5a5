"""Invoices as a kind of batch: a package of the example shop's that extends Toban from outside."""
