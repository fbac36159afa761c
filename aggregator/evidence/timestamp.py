"""Whether an authority's answer is a timestamp of what we asked for, signed by whom it names (RFC 3161, 2.4.2). Pure.

In: the answer, what was asked, and certificates to be believed, if there are any. Out: a `Timestamp`, or a `Missed`
that says why it is none. What `openssl ts -verify` finds is found here too, and only signatures that it knows are known
here: RSA with PKCS #1 v1.5, and ECDSA. Nobody is asked whether a certificate was revoked.
"""

from collections.abc import Sequence
from datetime import datetime
from hashlib import new as hasher

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509 import ExtendedKeyUsage, verification
from cryptography.x509.oid import ExtendedKeyUsageOID, PublicKeyAlgorithmOID, SignatureAlgorithmOID

from aggregator.evidence import tsp
from aggregator.evidence.outside import Missed, Timestamp
from alerts.plain import one_line

_GRANTED = (0, 1)
_HASHES: dict[x509.ObjectIdentifier, hashes.HashAlgorithm] = {
    tsp.SHA256: hashes.SHA256(),
    x509.ObjectIdentifier("2.16.840.1.101.3.4.2.2"): hashes.SHA384(),
    x509.ObjectIdentifier("2.16.840.1.101.3.4.2.3"): hashes.SHA512(),
}
_IDENTIFYING = {tsp.SHA1: hashes.SHA1(), **_HASHES}  # noqa: S303  # RFC 3161 names certificates by it; it vouches for nothing
_SIGNATURES = frozenset({
    SignatureAlgorithmOID.RSA_WITH_SHA256, SignatureAlgorithmOID.RSA_WITH_SHA384, SignatureAlgorithmOID.RSA_WITH_SHA512,
    SignatureAlgorithmOID.ECDSA_WITH_SHA256, SignatureAlgorithmOID.ECDSA_WITH_SHA384,
    SignatureAlgorithmOID.ECDSA_WITH_SHA512, PublicKeyAlgorithmOID.RSAES_PKCS1_v1_5,
    PublicKeyAlgorithmOID.EC_PUBLIC_KEY,
})  # fmt: skip
_UNREADABLE = (ValueError, UnsupportedAlgorithm, x509.InvalidVersion, x509.DuplicateExtension)
_LONGEST = 200


class _Wrong(Exception):
    """It is not to be believed; a reason and the words for it."""


def checked(
    answer: bytes, authority: str, digest: bytes, nonce: int, believed: Sequence[x509.Certificate]
) -> Timestamp | Missed:
    """The timestamp of a SHA-256 that an authority answered; `believed`: its certificate must lead to one of these."""
    try:
        token = _granted(tsp.read(answer))
        _answers(token.info, digest, nonce)
        at = token.info.time.as_datetime()
        certificate, others = _signer(token)
        _is_for_timestamps(certificate, at)
        if believed:
            _leads_to(believed, certificate, others, at)
        return Timestamp(
            authority=authority,
            answer=answer,
            at=at,
            policy=token.info.policy.dotted_string,
            serial=token.info.serial,
            signer=one_line(certificate.subject.rfc4514_string(), _LONGEST),
            anchored=bool(believed),
        )
    except _Wrong as wrong:
        return Missed(*wrong.args)
    except _UNREADABLE:
        return Missed("unreadable", "its answer is no timestamp: is that the address of a timestamp authority?")


def _granted(answer: tsp.Answer) -> tsp.Token:
    if answer.status not in _GRANTED or answer.token is None:
        words = one_line(answer.words, _LONGEST) or f"status {answer.status}"
        raise _Wrong("refused", f"it refused: {words}")
    return answer.token


def _answers(info: tsp.TstInfo, digest: bytes, nonce: int) -> None:
    """It is about what was asked, and made because of it, not kept from an earlier day."""
    if tsp.name_of(info.imprint.algorithm) != tsp.SHA256 or info.imprint.digest != digest:
        raise _Wrong("other_imprint", "it stamped something else than the checkpoint")
    if info.nonce != nonce:
        raise _Wrong("other_nonce", "it answered another question: the nonce is not ours")


def _signer(token: tsp.Token) -> tuple[x509.Certificate, list[x509.Certificate]]:
    """The certificate with which it was signed, and the others that came with it."""
    named, digest = tsp.certificate_of(token)
    if (algorithm := _IDENTIFYING.get(named)) is None:
        raise _Wrong("unsigned", "it names its certificate by a digest that is unknown here")
    certificates = [x509.load_der_x509_certificate(each) for each in token.certificates]
    found = [each for each in certificates if each.fingerprint(algorithm) == digest]
    if not found or not _is_named(found[0], token.signer):
        raise _Wrong("unsigned", "the certificate with which it was signed is not in it")
    if not _is_signed(token, found[0]):
        raise _Wrong("unsigned", "its signature is not of the certificate that it names, or of a kind unknown here")
    return found[0], [each for each in certificates if each != found[0]]


def _is_named(certificate: x509.Certificate, signer: tsp.Signer) -> bool:
    """Whether the signer's name is the certificate's, too: other programs look for it by that."""
    return (certificate.issuer.public_bytes(), certificate.serial_number) == tsp.issuer_and_serial(signer)


def _is_signed(token: tsp.Token, certificate: x509.Certificate) -> bool:
    """Whether the certificate's key signed the attributes, and these are those of the content."""
    named = tsp.name_of(token.signer.digest)
    if named not in token.digests or tsp.name_of(token.signer.algorithm) not in _SIGNATURES:
        return False
    algorithm = _HASHES.get(named)
    stated, kind = token.attributes.get(tsp.MESSAGE_DIGEST), token.attributes.get(tsp.CONTENT_TYPE)
    if algorithm is None or stated is None or kind is None or kind.parse(x509.ObjectIdentifier) != tsp.TST_INFO:
        return False
    return bool(stated.parse(bytes) == hasher(algorithm.name, token.content).digest()) and _made(
        certificate, algorithm, token.signer.signature, token.signed
    )


def _made(certificate: x509.Certificate, algorithm: hashes.HashAlgorithm, signature: bytes, text: bytes) -> bool:
    """Whether this signature of this text is of the certificate's key."""
    key = certificate.public_key()
    try:
        match key:
            case RSAPublicKey():
                key.verify(signature, text, PKCS1v15(), algorithm)
            case EllipticCurvePublicKey():
                key.verify(signature, text, ECDSA(algorithm))
            case _:
                return False
    except InvalidSignature:
        return False
    return True


# --- whose certificate it is ------------------------------------------------------------------------------------------


def _is_for_timestamps(certificate: x509.Certificate, at: datetime) -> None:
    """The certificate is for timestamps and nothing else (RFC 3161, 2.3), and was valid at that time."""
    try:
        usage = certificate.extensions.get_extension_for_class(ExtendedKeyUsage)
    except x509.ExtensionNotFound:
        raise _Wrong("untrusted", "its certificate is not for timestamps") from None
    if not usage.critical or list(usage.value) != [ExtendedKeyUsageOID.TIME_STAMPING]:
        raise _Wrong("untrusted", "its certificate is not for timestamps alone")
    if not certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc:
        raise _Wrong("untrusted", "its certificate was not valid at the time that it states")


def _leads_to(
    believed: Sequence[x509.Certificate], certificate: x509.Certificate, others: list[x509.Certificate], at: datetime
) -> None:
    """The certificate is one of those, or leads to one of them by issuers that were all valid at that time."""
    above = verification.ExtensionPolicy.webpki_defaults_ca().may_be_present(
        ExtendedKeyUsage, verification.Criticality.AGNOSTIC, _permits_timestamps
    )
    policy = (
        verification.PolicyBuilder()
        .store(verification.Store(list(believed)))
        .time(at)
        .extension_policies(ca_policy=above, ee_policy=verification.ExtensionPolicy.permit_all())
    )
    try:
        policy.build_client_verifier().verify(certificate, others)
    except verification.VerificationError as error:
        raise _Wrong("untrusted", one_line(f"its certificate does not lead to yours: {error}", _LONGEST)) from error


def _permits_timestamps(
    _policy: verification.Policy, _certificate: x509.Certificate, usage: ExtendedKeyUsage | None
) -> None:
    """An issuer may issue for all purposes, or names this one among its own."""
    wanted = {ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE}
    if usage is not None and wanted.isdisjoint(usage):
        msg = "it is not for issuers of timestamps"
        raise ValueError(msg)
