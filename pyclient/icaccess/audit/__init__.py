"""What is done with the audit record: rendered in words, signed, handed to witnesses, verified, replayed."""
