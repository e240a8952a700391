"""Whether a source is credible: against the other sources, its last good run, and policy data's names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial

import msgspec

from icaccess.errors import FactsError
from icaccess.facts import last_run
from icaccess.facts.interface import Source, SourceReport
from icaccess.facts.last_run import FEW, UNKNOWN_PLACES, left_out, listed
from icaccess.facts.names import NAMED, KnownNames, Likeness, Vocabulary, misplaced, no_name, words_of
from icaccess.facts.settings import Expect, Kind, MappedSettings
from icaccess.facts.staging import HR_KINDS, Issue, Staging
from icaccess.models import SourceSize
from icaccess.text import how_many
from icaccess.validation import show

_CORRECT = "correct `values`, `facts.aliases` or policy data, or set `expect.known_names: false`"
_RESPELL = "correct it or translate it with `values`; for another name set `expect.known_names: false`"


class Checks:
    """The checks of all sources of a run, once their rows are staged and their keys resolved."""

    def __init__(
        self,
        sources: Sequence[Source],
        staging: Staging,
        remembered: Mapping[str, SourceSize],
        known: Vocabulary | None,
    ) -> None:
        self.staging = staging
        self._sources = sources
        self._remembered = remembered
        self._known = known
        self._misspelled: dict[int, dict[tuple[Kind, str], dict[str, str]]] = {}
        """For each source and field of one kind, the texts that cannot be taken for another name, and why."""
        self._jobs: dict[str, Counter[str]] = {}
        self._common: dict[tuple[str, tuple[str, ...]], str] = {}
        self._codes = {
            (field, words_of(*texts)): (meaning, one.settings.name)
            for one in sources
            for kind, field in NAMED
            if isinstance(one.settings, MappedSettings) and one.settings.gives == kind
            for code, meaning in one.settings.values.get(field, {}).items()
            for texts in ((code,), (code, meaning))
        }

    def check(self, index: int) -> SourceReport:
        """What became of the rows of the source at that place; `FactsError` when it is not credible."""
        source = self._sources[index]
        settings = source.settings
        notes = [*source.notes, *self._settle_ends(index)]
        report = self.staging.report(index, settings.name, vouches=settings.vouches_for_roles)
        self._believe_ids(index, report, settings.expect)
        self._believe_keys(index, report, settings.expect)
        report.filled.update(self._known_names(index))
        report.filled.update(left_out(source))
        notes += self._compare_last(index, report, settings.expect)
        near: dict[str, str] = {}
        if self._known is not None:
            notes += self._compare_names(index, self._known, near)
        return msgspec.structs.replace(
            report,
            left_out=source.left_out,
            declared=source.total,
            as_of=source.as_of,
            notes=tuple(notes),
            near=near,
        )

    def reject_misspelled(self, report: SourceReport, index: int) -> SourceReport:
        """Make rows with misspelled names unusable, once all sources are checked: a spelling takes no access.

        What such a row says is unknown until it is corrected, and so is all that rests on it.
        """
        found = self._misspelled.get(index, {})
        rejected = sum(self.staging.reject(index, place, reasons) for place, reasons in found.items())
        return msgspec.structs.replace(
            report, used=report.used - rejected, rejected=report.rejected + rejected
        )

    def _believe_ids(self, index: int, report: SourceReport, expect: Expect) -> None:
        """`FactsError` when too many rows are unusable because their ids belong to other people."""
        if report.rejected > 1 and report.rejected > expect.max_rejected * report.rows:
            raise FactsError(
                f"{report.name}: {report.rejected} of {report.rows} rows cannot be used, such as "
                f"{self.staging.rejection(index)}; or set `expect.max_rejected`"
            )

    def _believe_keys(self, index: int, report: SourceReport, expect: Expect) -> None:
        """`FactsError` when too many rows fit no employee or several, or too many approvers are unknown."""
        most = max(1, expect.max_unmatched * report.rows)
        if report.unmatched > most:
            row, shared = self.staging.first_unmatched(index), self.staging.shared_key(index)
            what = f"{report.unmatched} of {report.rows} rows, such as row {row}, fit nobody whom HR knows"
            if shared:
                what += f", or more than one employee, as {shared} does"
        elif report.strangers > most:
            what = f"{report.strangers} approvers in {report.rows} approvals are nobody whom HR knows"
        else:
            return
        raise FactsError(
            f"{report.name}: {what}; correct its keys or HR's feeds, or set `expect.max_unmatched`"
        )

    def _settle_ends(self, index: int) -> list[str]:
        """Apply `ends: next_row`; a sentence, or `FactsError`, if rows that must end have no end."""
        settings = self._sources[index].settings
        if not isinstance(settings, MappedSettings) or settings.gives not in HR_KINDS[1:]:
            return []
        if settings.ends == "next_row":
            returning = self.staging.chain(index)
            if not returning or settings.series:
                return []
            return [
                f"people with a job again after another one: {returning}; where jobs run side by side, name "
                "the column that tells them apart as `series`"
            ]
        unended = "end" not in settings.fields
        if (unended and settings.ends) or not (people := self.staging.open_rows(index)):
            return []
        if unended:
            _, first, last = people[0]
            raise FactsError(
                f"{settings.name}: {how_many(len(people), 'person has', 'people have')} rows of several "
                f"days, such as from {first} and from {last}, and no column says when a row ends; set "
                "`ends: next_row` where each row ends the one before it, or `ends: last_day` where all go on"
            )
        for identifier, first, last in people:
            text = f"has several rows without an end, from {first} and from {last}; does the later end it?"
            self.staging.note(Issue(index, 0, identifier, text))
        return [
            f"people with several rows without an end: {len(people)}; where the later ends the earlier, set "
            "`ends: next_row`"
        ]

    def _compare_last(self, index: int, report: SourceReport, expect: Expect) -> list[str]:
        """A sentence, or `FactsError`, where a source differs from its last good run."""
        last = self._remembered.get(report.name)
        if last is None:
            return []
        places = () if self._known is None else self._known.locations.names
        return last_run.compare(report, last, expect, partial(self.staging.texts, index), places)

    def _known_names(self, index: int) -> dict[str, int]:
        """How many rows have each certification, role and place of policy data, or an unknown place."""
        if self._known is None:
            return {}
        found = {
            f"{kind}.{field} {show(text)}": count
            for kind, field in NAMED[:3]
            for text, count in self.staging.texts(index, kind, field).items()
            if text in self._known.names(kind, field)
        }
        places = self.staging.texts(index, *NAMED[2])
        unknown = sum(count for text, count in places.items() if text not in self._known.locations)
        return found | ({UNKNOWN_PLACES: unknown} if unknown else {})

    def _compare_names(self, index: int, known: Vocabulary, near_names: dict[str, str]) -> list[str]:
        """A sentence for each name that policy data nearly knows; `FactsError` if it knows none at all.

        `near_names` gets each such name, and the one that policy data has.
        """
        source, notes = self._sources[index], []
        settings = source.settings
        for kind, field in NAMED:
            names, texts = known.names(kind, field), self.staging.texts(index, kind, field)
            rows = sum(texts.values())
            if (
                rows > FEW
                and settings.expect.known_names
                and not self._any_known(index, kind, field, names)
                and (field != "role" or kind != "assignments" or any(map(names.likeness, texts)))
            ):
                raise FactsError(
                    f"{settings.name}: none of its {rows} {kind} has a {field} that policy data knows "
                    f"({listed(names.names)}); they have {listed(texts)}; {_CORRECT}"
                )
            if kind == "certifications" and settings.expect.known_names:
                self._believe_spelling(index, names, texts)
            written = source.untranslated if kind in source.kinds else {}
            untranslated = written.get(field, Counter[str]())
            few = 10 * sum(untranslated.values()) <= rows
            values = settings.values if isinstance(settings, MappedSettings) else {}
            translated = KnownNames(values.get(field, ()))
            for text, count in texts.items():
                if text in names:
                    continue
                rows_of = how_many(count, f"{kind.removesuffix('s')} has", f"{kind} have")
                near, where = self._compare_text(index, (kind, field, text), names, translated)
                if near is not None:
                    near_names[text] = near
                    notes.append(f"{rows_of} the {field} {show(text)}; {where} has {show(near)}")
                elif few and text in untranslated:
                    notes.append(f"{rows_of} the {field} {show(text)}, which no `values` translates")
        return notes

    def _compare_text(
        self, index: int, given: tuple[Kind, str, str], names: KnownNames, translated: KnownNames
    ) -> tuple[str | None, str]:
        """The name that a text in a field of a source nearly is, if any, and where that name stands.

        A text that can hardly be another name is remembered, so that its rows become unusable.
        """
        source, (kind, field, text) = self._sources[index], given
        places = [(names, "policy data")]
        if text in source.untranslated.get(field, {}):
            places.append((translated, "`values`"))
        compared = ((_likeness(kind, known, text), where) for known, where in places)
        like, where = next((one for one in compared if one[0] is not None), (None, ""))
        near, why = like and like.name, no_name(text) or misplaced(self._known, field, text)
        if like is not None and (like.is_spelling or kind == "certifications"):
            why = f"may be {show(like.name)} of {where}, spelled differently; {_RESPELL}"
        elif (code := self._codes.get((field, words_of(text)))) is not None and code[0] in names:
            near, where = code[0], f"`values` of {code[1]}"
            why = f"means {show(near)} in {where}; translate it here too, or set `expect.known_names: false`"
        elif like is None and kind != "certifications" and (usual := self._usual(field, text)) is not None:
            near, where = usual, "HR"
            why = f"may be {show(near)} of {where}, spelled differently; {_RESPELL}"
        if why is not None and source.settings.expect.known_names:
            found = self._misspelled.setdefault(index, {}).setdefault((kind, field), {})
            found[text] = f"{field} {show(text)} {why}"
        return near, where

    def _usual(self, field: str, text: str) -> str | None:
        """The spelling that several of HR's jobs have, where at most one has `text`; None if there is none.

        A job spelled differently would be another job, and an approval for it would be for another job. Two
        spellings that HR uses more than once are both HR's own, as old rows in capitals are.
        """
        if field not in self._jobs:
            self._jobs[field] = Counter()
            for index in range(len(self._sources)):
                self._jobs[field].update(self.staging.texts(index, "assignments", field))
            for name, _ in self._jobs[field].most_common():
                self._common.setdefault((field, words_of(name)), name)
        usual, jobs = self._common.get((field, words_of(text)), text), self._jobs[field]
        return usual if jobs[text] <= 1 < jobs[usual] else None

    def _believe_spelling(self, index: int, names: KnownNames, texts: Mapping[str, int]) -> None:
        """`FactsError` if a required certification is in no source's rows, but nearly in this one's."""
        kind, field = NAMED[0]
        name_of = self._sources[index].settings.name
        found = set[str]().union(*(self.staging.texts(one, kind, field) for one in range(len(self._sources))))
        for name in names.names:
            if name in found:
                continue
            likely = ((text, _likeness(kind, names, text)) for text in texts)
            near = {text: texts[text] for text, like in likely if like is not None and like.name == name}
            if sum(near.values()) > FEW:
                raise FactsError(
                    f"{name_of}: no row has the {field} {show(name)} of policy data, and "
                    f"{sum(near.values())} have {listed(near)}; {_CORRECT}"
                )

    def _any_known(self, index: int, kind: Kind, field: str, names: KnownNames) -> bool:
        """Whether a source, or for jobs any source of jobs, has a name that policy data knows.

        Approvals may name any job that HR has.
        """
        every = range(len(self._sources))
        known = set(names.names)
        if kind == "approvals":
            known.update(*(self.staging.texts(other, "assignments", field) for other in every))
        return any(
            not known.isdisjoint(self.staging.texts(other, kind, field))
            or (field == "location" and self.staging.texts(other, kind, "school_based"))
            for other in (every if kind == "assignments" else [index])
        )


def _likeness(kind: Kind, known: KnownNames, text: str) -> Likeness | None:
    """The known name that a text nearly is; a course named after a required one may be its renewal."""
    return known.likeness(text) or (known.held_by(text) if kind == "certifications" else None)
