"""Access to Infinite Campus Elementary Scheduling, decided by policy as code."""

__version__ = "0.1.0"
