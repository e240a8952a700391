"""A real Postfix: what it delivers, what it refuses, and a run that is killed while it is sending."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from tests.notices.postfix import postfix
from tests.sidecar.service import wait_until

SENDER = {"host": "127.0.0.1", "security": "none", "from": "Access <access@example.org>"}


@pytest.mark.slow
def test_postfix_delivers_once_and_refuses_whom_it_does_not_know(district, command):
    for number in range(1, 31):
        district.person(f"{number:06}", name=f"Zoë Sample {number}")
    district.person("000031")
    district.write()
    known = [person["email"] for person in district.people.values()][:-1]
    with postfix(known) as server:
        district.settings(mail={**SENDER, "port": server.port})
        command("apply", "--yes", "--at", "2026-02-02", *district.options)
        send = ("notices", "send", "--at", "2026-02-02", *district.options)
        for _ in range(2):
            before = len(server.delivered())
            sending = subprocess.Popen([sys.executable, "-m", "icaccess", *send])
            wait_until(
                lambda: len(server.delivered()) > before or sending.poll() is not None,  # noqa: B023
                "one more message, or none is left",
            )
            sending.send_signal(signal.SIGKILL)
            sending.wait()
        command(*send)
        assert command(*send)[:2] == (0, "Nothing is due.\n")
        wait_until(server.is_idle, "an empty queue")
        delivered = server.delivered()
    addresses = [str(mail["To"]) for mail in delivered]
    assert len(addresses) == len(set(addresses))
    for address in set(known) - set(addresses):  # killed between the last line but one and the last
        _, shown, _ = command("notices", "show", address[1:7], *district.options[:2])
        assert " handed_over by mail " in shown
    _, shown, _ = command("notices", "show", "000031", *district.options[:2])
    assert " failed by mail to p000031@example.org: You have access" in shown
    assert "550 5.1.1 <p000031@example.org>: Recipient address rejected" in shown
    text = delivered[0].get_body(("plain",)).get_content()
    assert text.startswith("Hello Zoë Sample ")
