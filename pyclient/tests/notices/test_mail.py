"""Mail to a real server, which refuses, wants a log-in, speaks TLS, goes away, and dies in the middle."""

from __future__ import annotations

import ssl
from datetime import date
from pathlib import Path

import msgspec
import pytest

from icaccess.config import Secret
from icaccess.errors import NoticeError
from icaccess.notices.interface import Message, Notice, RefusedError, UnconfirmedError
from icaccess.notices.mail import MailChannel
from icaccess.notices.settings import MailSettings
from tests.notices.servers import mail_server
from tests.sidecar.certificates import Authority
from tests.stores import free_port


def message(address: str = "p@example.org", text: str = "Hello\n") -> Message:
    notice = Notice(
        kind="access_given", recipient="1", fact="f", as_of=date(2028, 1, 1), address=address, values={}
    )
    return Message(notices=(notice,), id="0123", subject="Überraschung", text=text, html="<p>Hello</p>")


@pytest.mark.parametrize("name", ["", "gone.pem", "wrong.pem"])
def test_what_is_no_file_of_certificates_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "wrong.pem").write_text("no certificate")
    said = rf"^notices\.mail\.ca: {tmp_path / name} cannot be used: .+; name a file of certificates in PEM$"
    with channel(9, tmp_path / name) as mail, pytest.raises(NoticeError, match=said):
        mail.check()


def channel(port: int, ca: Path | None = None, **more: object) -> MailChannel:
    values = {
        "host": "127.0.0.1",
        "sender": "Access <a@example.org>",
        "port": port,
        "security": "none",
        **more,
    }
    return MailChannel(MailSettings(**values), ca)


def test_a_message_has_two_forms_and_says_that_no_answer_is_wanted(mailbox, smtp):
    handed = []
    with channel(smtp) as mail:
        mail.send(message(text=".\nA line\n..\n"), lambda: handed.append(len(mailbox.mails)))
    (got,) = mailbox.to("p@example.org")
    assert handed == [0]  # before the server had it
    assert got["Subject"] == "Überraschung"
    assert got["From"] == "Access <a@example.org>"
    assert got["Message-ID"] == "<0123@example.org>"
    assert got["Auto-Submitted"] == "auto-generated"
    assert got.get_body(("plain",)).get_content() == ".\r\nA line\r\n..\r\n"
    assert got.get_body(("html",)).get_content() == "<p>Hello</p>\r\n"


def test_a_log_in_over_tls(mailbox, tmp_path):
    authority = Authority(tmp_path / "ca")
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(*authority.issue("mail"))
    secret = {"username": "sender", "password": Secret("right")}
    with mail_server(mailbox, starttls=tls, login=("sender", "right")) as port:
        with channel(port, authority.ca, security="starttls", **secret) as mail:
            mail.send(message(), lambda: None)
        with channel(port, authority.ca, security="starttls") as mail, pytest.raises(NoticeError) as error:
            mail.send(message(), lambda: None)
        assert "wants a log-in (530" in str(error.value)
        assert str(error.value).endswith("set notices.mail.username and password")
        wrong = {**secret, "password": Secret("wrong")}
        with (
            channel(port, authority.ca, security="starttls", **wrong) as mail,
            pytest.raises(NoticeError) as error,
        ):
            mail.send(message(), lambda: None)
        assert "refuses the log-in of sender (535" in str(error.value)
        assert str(error.value).endswith("); correct it or the password")
        assert "wrong" not in str(error.value)
        with channel(port, None, security="starttls", **secret) as mail, pytest.raises(NoticeError) as error:
            mail.check()
        assert "its certificate cannot be trusted" in str(error.value)
    with mail_server(mailbox, tls=tls) as port, channel(port, authority.ca, security="tls") as mail:
        assert mail.check() == f"the mail server 127.0.0.1:{port} takes mail from a@example.org"
        mail.send(message("q@example.org"), lambda: None)
    assert [len(mailbox.to(one)) for one in ("p@example.org", "q@example.org")] == [1, 1]


def test_a_server_without_tls_or_log_in_is_not_trusted_with_either(smtp):
    with channel(smtp, security="starttls") as mail, pytest.raises(NoticeError, match="offers no STARTTLS"):
        mail.check()
    secret = {"username": "sender", "password": Secret("right")}
    with channel(smtp, **secret) as mail, pytest.raises(NoticeError, match="offers no log-in"):
        mail.check()
    with channel(smtp, security="tls") as mail, pytest.raises(NoticeError, match="does not speak TLS here"):
        mail.check()


def test_a_server_that_is_down():
    with (
        channel(free_port()) as mail,
        pytest.raises(NoticeError, match=r"Connection refused; check notices\.mail\.host and port"),
    ):
        mail.send(message(), lambda: None)


@pytest.mark.parametrize(("said", "for_good"), [("550 5.1.1 no such user", True), ("450 4.2.1 later", False)])
def test_a_refused_recipient_stops_no_other(mailbox, smtp, said, for_good):
    mailbox.refused["p@example.org"] = said
    with channel(smtp) as mail:
        with pytest.raises(RefusedError, match=said[4:]) as error:
            mail.send(message(), lambda: None)
        assert error.value.for_good is for_good
        mail.send(message("q@example.org"), lambda: None)
    assert len(mailbox.to("q@example.org")) == 1


@pytest.mark.parametrize(("said", "for_good"), [("554 5.7.1 spam", True), ("451 4.3.0 later", False)])
def test_content_that_is_refused(mailbox, smtp, said, for_good):
    mailbox.answers = [said]
    with channel(smtp) as mail, pytest.raises(RefusedError, match=said[4:]) as error:
        mail.send(message(), lambda: None)
    assert error.value.for_good is for_good


def test_an_address_that_is_none_never_reaches_the_server(mailbox, smtp):
    for address in (
        "",
        "nobody",
        "a b@example.org",
        "ä@example.org",
        "a@example.org>\r\nRCPT TO:<b@example.org",
    ):
        with channel(smtp) as mail, pytest.raises(RefusedError, match="is no e-mail address") as error:
            mail.send(message(address), lambda: None)
        assert error.value.for_good
    assert not mailbox.mails


@pytest.mark.parametrize("dies", ["before", "after"])
def test_a_message_whose_server_dies_is_unconfirmed(mailbox, smtp, dies):
    mailbox.dies = [dies]
    with channel(smtp) as mail:
        with pytest.raises(UnconfirmedError, match="before it said whether it took the message"):
            mail.send(message(), lambda: None)
        mail.send(message("q@example.org"), lambda: None)
    assert len(mailbox.to("q@example.org")) == 1


def test_a_connection_lost_between_messages_is_made_anew(mailbox):
    port = free_port()
    with channel(port) as mail:
        with mail_server(mailbox, port=port):
            mail.send(message(), lambda: None)
        with mail_server(mailbox, port=port):
            mail.send(msgspec.structs.replace(message("q@example.org")), lambda: None)
    assert [len(mailbox.to(one)) for one in ("p@example.org", "q@example.org")] == [1, 1]
