"""What icaccess remembers: who holds access, every run, the journal of changes, and the audit record."""
