"""Whose certificate may sign a timestamp: one for that and nothing else, valid then, and led to by issuers that may."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from aggregator.evidence import timestamp

NOW = datetime(2026, 11, 21, 20, 0, tzinfo=UTC)
STAMPS, MAIL = ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.EMAIL_PROTECTION
Usages = Iterable[x509.ObjectIdentifier]
Pair = tuple[x509.Certificate, EllipticCurvePrivateKey]


def certificate(
    name: str, by: Pair | None = None, *, usages: Usages = (), critical: bool = True, days: int = 30, ca: bool = False
) -> Pair:
    """A certificate with its key, by itself where nobody signs; valid until so many days after NOW."""
    key = generate_private_key(SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    issuer, signing = (by[0].subject, by[1]) if by else (subject, key)
    usage = x509.KeyUsage(not ca, False, False, False, False, ca, ca, False, False)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=100))
        .not_valid_after(NOW + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key()), critical=False)
    )
    if usages:
        made = made.add_extension(x509.ExtendedKeyUsage(usages), critical=critical)
    return made.sign(signing, SHA256()), key


ROOT = certificate("Root", ca=True)


def wrong(what: str) -> pytest.RaisesExc[timestamp._Wrong]:
    return pytest.raises(timestamp._Wrong, match=what)


def test_a_certificate_for_timestamps_alone_is_for_timestamps() -> None:
    timestamp._is_for_timestamps(certificate("tsa", ROOT, usages=[STAMPS])[0], NOW)


@pytest.mark.parametrize(
    ("leaf", "why"),
    [
        (certificate("tsa", ROOT), "not for timestamps"),
        (certificate("tsa", ROOT, usages=[MAIL]), "alone"),
        (certificate("tsa", ROOT, usages=[STAMPS, MAIL]), "alone"),
        (certificate("tsa", ROOT, usages=[STAMPS], critical=False), "alone"),
        (certificate("tsa", ROOT, usages=[STAMPS], days=-1), "not valid at the time"),
    ],
    ids=["none", "mail", "both", "not critical", "expired"],
)
def test_any_other_is_not(leaf: Pair, why: str) -> None:
    with wrong(why):
        timestamp._is_for_timestamps(leaf[0], NOW)


@pytest.mark.parametrize("usages", [[], [STAMPS], [STAMPS, MAIL], [ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE]])
def test_it_may_lead_to_a_root_through_an_issuer_for_timestamps(usages: Usages) -> None:
    between = certificate("Between", ROOT, ca=True, usages=usages, critical=False)
    leaf = certificate("tsa", between, usages=[STAMPS])
    timestamp._leads_to([ROOT[0]], leaf[0], [between[0]], NOW)
    with wrong("does not lead to yours"):
        timestamp._leads_to([ROOT[0]], leaf[0], [], NOW)


def test_the_certificate_itself_may_be_the_one_that_is_believed() -> None:
    leaf, _ = certificate("tsa", ROOT, usages=[STAMPS])
    timestamp._leads_to([leaf], leaf, [], NOW)


@pytest.mark.parametrize(
    "between",
    [
        certificate("Between", ROOT, ca=True, usages=[MAIL]),
        certificate("Between", ROOT, ca=False),
        certificate("Between", ROOT, ca=True, days=-1),
        certificate("Between", certificate("Root", ca=True), ca=True),
    ],
    ids=["for mail", "no issuer", "expired", "of another root of that name"],
)
def test_no_other_issuer_leads_there(between: Pair) -> None:
    leaf = certificate("tsa", between, usages=[STAMPS])
    with wrong("does not lead to yours"):
        timestamp._leads_to([ROOT[0]], leaf[0], [between[0]], NOW)


def test_a_stamp_is_judged_at_its_own_time_not_at_ours() -> None:
    leaf, _ = certificate("tsa", ROOT, usages=[STAMPS], days=-1)
    timestamp._leads_to([ROOT[0]], leaf, [], NOW - timedelta(days=2))
    with wrong("does not lead to yours"):
        timestamp._leads_to([ROOT[0]], leaf, [], NOW)
