"""A Postfix of our own on loopback, which delivers mail for example.org into a folder."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.stores import free_port

_MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
myhostname = mail.example.org
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
virtual_mailbox_domains = example.org
virtual_mailbox_base = {folder}/box
virtual_mailbox_maps = texthash:{folder}/known
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
smtpd_recipient_restrictions = permit_mynetworks, reject_unauth_destination
alias_maps =
"""
_MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
proxymap unix - - n - - proxymap
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


class Postfix(NamedTuple):
    """A running server."""

    port: int
    folder: Path

    def delivered(self) -> list[EmailMessage]:
        """What was delivered so far."""
        found = [message_from_bytes(file.read_bytes(), policy=policy.default) for file in self._files()]
        return [mail for mail in found if isinstance(mail, EmailMessage)]

    def is_idle(self) -> bool:
        """Whether nothing waits for delivery."""
        queues = [self.folder / "queue" / name for name in ("maildrop", "incoming", "active", "deferred")]
        return not any(file.is_file() for queue in queues for file in queue.rglob("*"))

    def _files(self) -> list[Path]:
        return sorted((self.folder / "box").glob("*/new/*"))


@contextmanager
def postfix(known: list[str]) -> Iterator[Postfix]:
    """A Postfix that knows these recipients alone."""
    if os.geteuid() != 0 or shutil.which("postfix", path="/usr/sbin:/usr/bin") is None:
        pytest.skip("needs Postfix: it is not installed, or this user may not start it")
    owner = pwd.getpwnam("postfix")
    with tempfile.TemporaryDirectory(prefix="icaccess-postfix-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        for part in ("config", "queue", "data", "box"):
            (folder / part).mkdir()
        for part in ("data", "box"):
            shutil.chown(folder / part, owner.pw_uid, owner.pw_gid)
        port = free_port()
        main = _MAIN.format(folder=folder, uid=owner.pw_uid, gid=owner.pw_gid)
        (folder / "config" / "main.cf").write_text(main)
        (folder / "config" / "master.cf").write_text(_MASTER.format(port=port))
        (folder / "known").write_text("".join(f"{one} {one.partition('@')[0]}/\n" for one in known))
        control = ["/usr/sbin/postfix", "-c", str(folder / "config")]
        subprocess.run([*control, "start"], check=True, capture_output=True)
        try:
            yield Postfix(port, folder)
        finally:
            subprocess.run([*control, "stop"], check=False, capture_output=True)
