"""A real OpenLDAP with a password policy, where the machine has slapd."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme
from tests.ports import free_port

from toban.chapters.accounts.collectors.ldap.library import ldap3

BASE = "dc=example,dc=com"
ADMIN = f"cn=admin,{BASE}"
PASSWORD = "s3kret"


@dataclass
class Directory:
    """The running server."""

    port: int
    tls_port: int
    ca_file: Path
    password: Path
    """The file that holds the password of every entry that binds."""

    @property
    def url(self) -> str:
        return f"ldap://localhost:{self.port}"

    @property
    def ldaps(self) -> str:
        return f"ldaps://localhost:{self.tls_port}"

    @contextmanager
    def connected(self) -> Iterator[ldap3.Connection]:
        """Yield a connection that may do everything."""
        server = ldap3.Server("127.0.0.1", self.port, get_info=ldap3.NONE)
        connection = ldap3.Connection(server, ADMIN, PASSWORD, auto_bind=True, raise_exceptions=True)
        try:
            yield connection
        finally:
            connection.unbind()

    def add(self, dn: str, *classes: str, **values: object) -> None:
        with self.connected() as connection:
            connection.add(dn, list(classes), values)

    def remove(self, dn: str) -> None:
        with self.connected() as connection:
            connection.delete(dn)

    def may_bind(self, dn: str) -> bool:
        connection = ldap3.Connection(ldap3.Server("127.0.0.1", self.port, get_info=ldap3.NONE), dn, PASSWORD)
        try:
            return bool(connection.bind())
        finally:
            connection.unbind()

    @contextmanager
    def without_lockout(self) -> Iterator[None]:
        """Have the policy heed no locks inside the block."""
        self._set_lockout("FALSE")
        try:
            yield
        finally:
            self._set_lockout("TRUE")

    def _set_lockout(self, value: str) -> None:
        with self.connected() as connection:
            connection.modify(f"cn=default,{BASE}", {"pwdLockout": [(ldap3.MODIFY_REPLACE, [value])]})

    def value(self, dn: str, attribute: str) -> list[str]:
        with self.connected() as connection:
            connection.search(dn, "(objectClass=*)", ldap3.BASE, attributes=[attribute])
            found = connection.response[0]["raw_attributes"].get(attribute, [])
        return [each.decode() for each in found]


def person(directory: Directory, name: str, **more: object) -> str:
    """Add a person, and return the distinguished name."""
    dn = f"uid={name},ou=people,{BASE}"
    directory.add(
        dn, "inetOrgPerson", uid=name, cn=f"{name} of example", sn=name, userPassword=PASSWORD, **more
    )
    return dn


@contextmanager
def serving(folder: Path) -> Iterator[Directory]:
    """Run slapd inside the block, with people, groups and a policy."""
    program = shutil.which("slapd", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        pytest.skip("needs slapd (Debian: apt-get install slapd)")
    root = Path(program).resolve().parents[2]
    _configure(folder, root)
    port, tls_port = free_port(), free_port()
    libraries = next(iter(root.glob("usr/lib/*-linux-gnu")), root)
    command = [program, "-d", "0", "-f", f"{folder}/slapd.conf", "-h"]
    command += [f"ldap://127.0.0.1:{port}/ ldaps://127.0.0.1:{tls_port}/"]
    environment = {**os.environ, "LD_LIBRARY_PATH": str(libraries)}
    with (folder / "slapd.log").open("w") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        directory = Directory(port, tls_port, folder / "ca.pem", folder / "password")
        _wait_for(directory, process, folder / "slapd.log")
        _fill(directory)
        yield directory
    finally:
        process.terminate()
        process.wait(timeout=10)


def _configure(folder: Path, root: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    own = authority.issue_cert("localhost", "127.0.0.1")
    own.private_key_pem.write_to_path(folder / "key.pem")
    own.cert_chain_pems[0].write_to_path(folder / "cert.pem")
    (folder / "password").write_text(PASSWORD)
    (folder / "data").mkdir()
    schemas = "\n".join(f"include {root}/etc/ldap/schema/{each}.schema" for each in ("core", "cosine"))
    (folder / "slapd.conf").write_text(
        f"""{schemas}
include {root}/etc/ldap/schema/inetorgperson.schema
include {root}/etc/ldap/schema/nis.schema
modulepath {root}/usr/lib/ldap
moduleload back_mdb
moduleload ppolicy
TLSCertificateFile {folder}/cert.pem
TLSCertificateKeyFile {folder}/key.pem
TLSCACertificateFile {folder}/ca.pem
sizelimit unlimited
database mdb
maxsize 104857600
suffix "{BASE}"
rootdn "{ADMIN}"
rootpw {PASSWORD}
directory {folder}/data
overlay ppolicy
ppolicy_default "cn=default,{BASE}"
access to attrs=userPassword by anonymous auth by * none
access to *
    by dn.exact="cn=reader,{BASE}" read
    by dn.exact="cn=locker,{BASE}" write
    by anonymous auth by * none
"""
    )


def _fill(directory: Directory) -> None:
    directory.add(BASE, "dcObject", "organization", dc="example", o="Example")
    for unit in ("people", "groups"):
        directory.add(f"ou={unit},{BASE}", "organizationalUnit", ou=unit)
    directory.add(
        f"cn=default,{BASE}",
        "device",
        "pwdPolicy",
        cn="default",
        pwdAttribute="userPassword",
        pwdLockout="TRUE",
        pwdMinLength="12",
        pwdMaxAge="7776000",
    )
    for name in ("reader", "locker"):
        directory.add(
            f"cn={name},{BASE}", "organizationalRole", "simpleSecurityObject", cn=name, userPassword=PASSWORD
        )


def _wait_for(directory: Directory, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(200):
        with suppress(OSError), socket.create_connection(("127.0.0.1", directory.port)):
            return
        if process.poll() is not None:
            pytest.skip(f"slapd can't run here: {log.read_text()}")
        time.sleep(0.05)
    pytest.fail(f"slapd does not answer: {log.read_text()}")
