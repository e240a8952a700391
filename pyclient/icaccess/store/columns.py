"""Columns of text, as most of the store's are, several at a time and in their order."""

from __future__ import annotations

from sqlalchemy import Column, String


def keys(*names: str) -> list[Column[str]]:
    """Columns that make up the primary key."""
    return [Column(name, String, primary_key=True) for name in names]


def required(*names: str) -> list[Column[str]]:
    """Columns that are never null."""
    return [Column(name, String, nullable=False) for name in names]


def optional(*names: str) -> list[Column[str | None]]:
    """Columns that may be null."""
    return [Column(name, String) for name in names]
