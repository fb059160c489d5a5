"""Invoices as a kind of batch: a package of the example shop that extends Toban from outside."""
