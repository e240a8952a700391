#!/bin/sh
# ical.js leaves out the first day of an event whose other days are listed, and moves February 29 to March 1.
#
# By RFC 5545 §3.8.5.2 the days of an event are DTSTART together with those of RRULE and RDATE; ical.js gives the days
# of RDATE alone, unless there is an RRULE too. By §3.3.10 an invalid date "MUST be ignored": a yearly day on February
# 29 waits for the next leap year. recurring-ical-events follows both. A list of days without school, read from the
# district's calendar, lacks its first day. Takes node, npm and python3; works in a folder of its own and removes it.
# Exits 1 if the behavior changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts ical.js@2.2.1 >/dev/null
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check icalendar==7.3.2 recurring-ical-events==3.8.2
event() { # UID, DTSTART, and the line of its other days
    printf 'BEGIN:VEVENT\nUID:%s\nDTSTAMP:20260101T000000Z\nDTSTART;VALUE=DATE:%s\n%s\nEND:VEVENT\n' "$1" "$2" "$3"
}
{
    printf 'BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//Example//Example//EN\n'
    event one 20260119 'SUMMARY:No school'
    event listed 20260119 'RDATE;VALUE=DATE:20260216,20260525'
    event weekly 20260302 'RRULE:FREQ=WEEKLY;COUNT=3'
    event yearly 20240229 'RRULE:FREQ=YEARLY;COUNT=2'
    printf 'END:VCALENDAR\n'
} > calendar.ics
cat > try.mjs <<'END'
import fs from "fs";
import ICAL from "ical.js";
const calendar = new ICAL.Component(ICAL.parse(fs.readFileSync("calendar.ics", "utf8")));
for (const event of calendar.getAllSubcomponents("vevent").map((component) => new ICAL.Event(component))) {
    const days = [];
    for (let every = event.iterator(), day; (day = every.next()); ) days.push(day);
    console.log("ical.js:", event.uid, days.join(" "));
}
END
cat > try.py <<'END'
import icalendar
import recurring_ical_events

events = recurring_ical_events.of(icalendar.Calendar.from_ical(open("calendar.ics").read()))
for uid in ("one", "listed", "weekly", "yearly"):
    days = sorted(event.start for event in events.between((2024, 1, 1), (2030, 1, 1)) if event["UID"] == uid)
    print("recurring-ical-events:", uid, *days)
END
echo "ical.js 2.2.1 on node $(node --version); recurring-ical-events 3.8.2"
{ node try.mjs; venv/bin/python try.py; } | tee output
cat > expected <<'END'
ical.js: one 2026-01-19
ical.js: listed 2026-02-16 2026-05-25
ical.js: weekly 2026-03-02 2026-03-09 2026-03-16
ical.js: yearly 2024-02-29 2025-03-01
recurring-ical-events: one 2026-01-19
recurring-ical-events: listed 2026-01-19 2026-02-16 2026-05-25
recurring-ical-events: weekly 2026-03-02 2026-03-09 2026-03-16
recurring-ical-events: yearly 2024-02-29 2028-02-29
END
diff expected output && echo "The listed days begin on January 19, and no February 29 is in 2025."
