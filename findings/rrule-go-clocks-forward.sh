#!/bin/sh
# rrule-go gives 1:30 for a daily 2:30 on the day when the clocks go forward; two other libraries give none and 3:30.
#
# By RFC 5545 §3.3.10 an instance at a "nonexistent local time" "MUST be ignored and MUST NOT be counted"; by §3.3.5 a
# single time in the gap is read with the offset before it, 3:30 then. rrule-temporal for JavaScript follows the
# first, recurring-ical-events for Python the second. rrule-go, "a complete implementation of the recurrence rules",
# is an hour before both, still in winter time, where no rule puts it. A run that must follow another one of 2:00
# comes before it once a year. Takes Go, node, npm and python3; works in a folder of its own and removes it. Exits 1
# if the behavior changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts rrule-temporal@2.2.8 >/dev/null
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check recurring-ical-events==3.8.2 icalendar==7.3.2 tzdata==2026.6
printf '%s\n' 'DTSTART;TZID=America/Denver:20260307T023000' 'RRULE:FREQ=DAILY;COUNT=3' > rule
cat > main.go <<'END'
package main

import (
	"fmt"
	"os"
	"strings"
	"time"
	_ "time/tzdata"

	"github.com/teambition/rrule-go"
)

func main() {
	text, err := os.ReadFile("rule")
	if err != nil {
		panic(err)
	}
	set, err := rrule.StrToRRuleSet(strings.TrimSpace(string(text)))
	if err != nil {
		panic(err)
	}
	for _, moment := range set.All() {
		fmt.Println("rrule-go", moment.UTC().Format(time.RFC3339), "is", moment.Format("15:04 in Denver"))
	}
}
END
go mod init example 2>/dev/null
go get github.com/teambition/rrule-go@v1.8.2 2>/dev/null
go build -o try .
cat > try.mjs <<'END'
import fs from "fs";
import {RRuleTemporal} from "rrule-temporal";
for (const moment of new RRuleTemporal({rruleString: fs.readFileSync("rule", "utf8").trim()}).all())
    console.log(`rrule-temporal ${moment.toInstant()} is ${moment.toString().slice(11, 16)} in Denver`);
END
cat > try.py <<'END'
from datetime import datetime, timezone
from zoneinfo import ZoneInfo

import icalendar
import recurring_ical_events

with open("rule") as file:
    lines = ["BEGIN:VCALENDAR", "BEGIN:VEVENT", "UID:1", *file.read().split(), "END:VEVENT", "END:VCALENDAR", ""]
calendar = icalendar.Calendar.from_ical("\r\n".join(lines))
for event in recurring_ical_events.of(calendar).between(datetime(2026, 3, 1), datetime(2026, 4, 1)):
    moment = event["DTSTART"].dt.astimezone(timezone.utc)
    local = moment.astimezone(ZoneInfo("America/Denver"))
    print(f"recurring-ical-events {moment:%Y-%m-%dT%H:%M:%SZ} is {local:%H:%M} in Denver")
END
echo "rrule-go 1.8.2, rrule-temporal 2.2.8 on node $(node --version), recurring-ical-events 3.8.2"
{ ./try && node try.mjs && venv/bin/python try.py; } | tee output
cat > expected <<'END'
rrule-go 2026-03-07T09:30:00Z is 02:30 in Denver
rrule-go 2026-03-08T08:30:00Z is 01:30 in Denver
rrule-go 2026-03-09T08:30:00Z is 02:30 in Denver
rrule-temporal 2026-03-07T09:30:00Z is 02:30 in Denver
rrule-temporal 2026-03-09T08:30:00Z is 02:30 in Denver
rrule-temporal 2026-03-10T08:30:00Z is 02:30 in Denver
recurring-ical-events 2026-03-07T09:30:00Z is 02:30 in Denver
recurring-ical-events 2026-03-08T09:30:00Z is 03:30 in Denver
recurring-ical-events 2026-03-09T08:30:00Z is 02:30 in Denver
END
diff expected output && echo "March 8 has no 2:30 in Denver, and 1:30 is none of the answers of the RFC."
