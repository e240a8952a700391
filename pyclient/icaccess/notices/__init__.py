"""Notices: who is told what about their access, by which channel, exactly once for each fact.

What is due follows from decisions of OPA for today and for days ahead, and from the changes that the journal
holds. A notice is recorded before it is sent and after, so that a run that dies loses none and repeats none.
"""
