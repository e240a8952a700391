"""The SQL of the temporary database for the rows of all sources (`icaccess.facts.staging`)."""

from __future__ import annotations

TABLES = """
CREATE TABLE entry(
    source INT, row INT, kind TEXT, key_kind TEXT, key TEXT, id TEXT, day TEXT, fact BLOB, reason TEXT,
    series TEXT, by_kind TEXT, by_key TEXT, by_id TEXT
);
CREATE TABLE name(key_kind TEXT, key TEXT, id TEXT, PRIMARY KEY(key_kind, key, id)) WITHOUT ROWID;
CREATE TABLE identity(
    source INT, key_kind TEXT, key TEXT, what TEXT, text TEXT, row INT,
    PRIMARY KEY(source, key_kind, key, what, text)
) WITHOUT ROWID;
CREATE TABLE person(id TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE near(key TEXT PRIMARY KEY, id TEXT) WITHOUT ROWID;
CREATE TABLE unsure(id TEXT, kind TEXT, source INT, row INT);
CREATE TABLE issue(source INT, row INT, id TEXT, reason TEXT);
"""
"""What is set down, before anything is looked up."""
RESOLVE = """
CREATE TEMP TABLE shared AS SELECT i.source, i.row, min(i.what) AS what, f.first FROM identity i JOIN (
        SELECT source, key_kind, key, what, min(row) AS first FROM identity
        GROUP BY source, key_kind, key, what HAVING count(*) > 1
    ) f USING (source, key_kind, key, what)
    WHERE i.row > f.first GROUP BY i.source, i.row;
CREATE INDEX shared_by_row ON shared(source, row);
UPDATE entry SET fact = NULL, kind = CASE kind WHEN 'ended' THEN 'assignments' ELSE kind END, reason = (
    SELECT source_name(source) || ' row ' || row || ': ' || key_kind || ' ' || key
        || ' is also in row ' || first || ', with another ' || what
        || ', so nobody can say whose it is; correct one of the two rows'
    FROM shared s WHERE s.source = entry.source AND s.row = entry.row
) WHERE rowid IN (
    SELECT min(e.rowid) FROM entry e JOIN shared s ON s.source = e.source AND s.row = e.row
    WHERE e.fact NOT NULL GROUP BY s.source, s.row
);
UPDATE entry SET id = (
    SELECT CASE WHEN count(*) = 1 THEN min(n.id) END FROM name n
    WHERE n.key_kind = entry.key_kind AND n.key = entry.key
) WHERE key_kind <> 'id' AND key NOT NULL;
CREATE INDEX by_id ON entry(id, kind, day, fact, source, row);
INSERT INTO person SELECT DISTINCT id FROM entry WHERE id NOT NULL AND kind IN ({hr_kinds});
UPDATE entry SET by_id = CASE
    WHEN by_kind <> 'id' THEN (
        SELECT CASE WHEN count(*) = 1 THEN min(n.id) END FROM name n
        WHERE n.key_kind = entry.by_kind AND n.key = entry.by_key)
    WHEN EXISTS (SELECT 1 FROM person p WHERE p.id = entry.by_key)
        OR EXISTS (SELECT 1 FROM entry e WHERE e.id = entry.by_key AND e.kind = 'assignments') THEN by_key
    END
WHERE by_key NOT NULL;
CREATE TEMP TABLE lost AS SELECT DISTINCT key, near(key) AS near FROM entry e
    WHERE key_kind = 'id' AND key NOT NULL AND NOT EXISTS (SELECT 1 FROM person p WHERE p.id = e.id);
CREATE TEMP TABLE likely AS SELECT id, near(id) AS near FROM person WHERE EXISTS (SELECT 1 FROM lost);
CREATE INDEX likely_by_near ON likely(near);
INSERT INTO near SELECT l.key, min(p.id) FROM lost l JOIN likely p ON p.near = l.near
    GROUP BY l.key HAVING count(*) = 1;
INSERT INTO unsure
    SELECT n.id, e.kind, e.source, e.row FROM entry e
    JOIN name n ON n.key_kind = e.key_kind AND n.key = e.key WHERE e.id IS NULL
    UNION SELECT n.id, e.kind, e.source, e.row FROM entry e
    JOIN near n ON e.key_kind = 'id' AND n.key = e.key;
CREATE INDEX unsure_by_id ON unsure(id);
INSERT INTO issue
    SELECT source, row, key, coalesce(reason, key_kind || ' ' || key || coalesce((
            SELECT ' fits more than one employee (' || min(n.id) || ', ' || max(n.id)
                || '), so they are undecided'
            FROM name n WHERE n.key_kind = e.key_kind AND n.key = e.key
            GROUP BY n.key HAVING count(*) > 1
        ), (
            SELECT ' fits no employee, but is nearly ' || id || ', who is undecided until it is corrected'
            FROM near n WHERE e.key_kind = 'id' AND n.key = e.key
        ), ' fits no employee, so the row is not used'))
    FROM entry e WHERE reason NOT NULL OR id IS NULL OR NOT EXISTS (SELECT 1 FROM person p WHERE p.id = e.id);
CREATE INDEX issue_by_row ON issue(source, row);
INSERT INTO issue
    SELECT source, row, id, 'approver ' || by_key || CASE
        WHEN by_id NOT NULL THEN ' has no job in HR''s rows'
        ELSE coalesce((
            SELECT ' fits more than one employee (' || min(n.id) || ', ' || max(n.id)
                || '), so approvals are undecided'
            FROM name n WHERE n.key_kind = e.by_kind AND n.key = e.by_key
            GROUP BY n.key HAVING count(*) > 1
        ), ' is no employee that HR knows') END
    FROM entry e WHERE by_key NOT NULL AND id NOT NULL
        AND NOT EXISTS (SELECT 1 FROM entry j WHERE j.id = e.by_id AND j.kind = 'assignments');
"""
"""Whose row each is, and what is wrong with it; `hr_kinds` are the kinds of fact that make an employee."""

COUNT = """
SELECT count(*),
    total(reason IS NULL AND (id IS NULL OR NOT EXISTS (SELECT 1 FROM person p WHERE p.id = e.id))),
    total(reason NOT NULL),
    total(by_key NOT NULL AND id NOT NULL AND by_id NOT NULL AND NOT EXISTS
        (SELECT 1 FROM entry j WHERE j.id = e.by_id AND j.kind = 'assignments')),
    total(by_key NOT NULL AND id NOT NULL AND by_id IS NULL AND NOT EXISTS
        (SELECT 1 FROM name n WHERE n.key_kind = e.by_kind AND n.key = e.by_key)),
    count(DISTINCT key), max(day)
FROM entry e WHERE source = ?
"""
"""How many rows a source gave, and what became of them."""
ORDER = """
SELECT total(day < before) > total(day > before) FROM (
    SELECT day, lag(day) OVER (PARTITION BY id, series ORDER BY row) AS before FROM entry
    WHERE source = ? AND id NOT NULL AND fact NOT NULL
)
"""
"""Whether a source lists each person's rows newest first."""
FIRST_UNMATCHED = """
SELECT min(row) FROM entry e WHERE source = ? AND reason IS NULL
    AND (id IS NULL OR NOT EXISTS (SELECT 1 FROM person p WHERE p.id = e.id))
"""
COUNT_TEXTS = """
SELECT json_extract(fact, '$.' || ?) AS text, count(*) FROM entry
WHERE source = ? AND kind = ? AND fact NOT NULL
GROUP BY text HAVING text NOT NULL ORDER BY count(*) DESC, text
"""
"""The texts of a field in the rows of one kind of a source, with the number of rows of each."""
REJECT = """
UPDATE entry SET fact = NULL, reason = source_name(source) || ' row ' || row || ': ' || why
FROM wrong WHERE json_extract(fact, '$.' || ?) = text AND source = ? AND kind = ? AND fact NOT NULL
RETURNING row, coalesce(id, key), reason
"""
"""Makes the rows unusable that hold a text of the table `wrong`."""
FILLED = """
SELECT e.kind || '.' || f.key, count(*) FROM entry e, json_each(e.fact) f
WHERE e.source = ? AND e.kind <> 'access' GROUP BY 1
"""
"""How many rows of a source fill each field."""
