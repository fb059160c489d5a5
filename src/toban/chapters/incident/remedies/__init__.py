"""Known failures and what is done about them: matched, proposed, run, and measured."""
