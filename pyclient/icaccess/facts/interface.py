"""What a source of facts is: something that yields one record for each employee, or says why it cannot."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator

from icaccess.models import Record


class FactsSource(ABC):
    """A place that holds complete employee records.

    Records come one at a time, in the order of the source, so that a million of them never stand in memory.
    """

    @abstractmethod
    def records(self) -> Iterator[Record]:
        """Each employee's record once.

        A record with a readable id that is wrong in itself comes as `InvalidRecord`. `FactsError` is raised
        when the source as a whole cannot be read, or an id is missing, not a string, or used twice.
        """
