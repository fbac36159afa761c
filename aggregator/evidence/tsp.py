"""The messages of the Time-Stamp Protocol (RFC 3161) and the CMS around its tokens (RFC 5652). Pure.

In: a digest to be stamped, or an authority's answer as bytes. Out: a query as bytes, or the answer taken apart; nothing
is believed here. `ValueError` where the bytes are no such message. Lists stand where some authorities do not sort the
SET that DER wants; elements that nobody asks for stay as they came.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from cryptography.hazmat import asn1
from cryptography.x509 import ObjectIdentifier

SHA1 = ObjectIdentifier("1.3.14.3.2.26")
SHA256 = ObjectIdentifier("2.16.840.1.101.3.4.2.1")
TST_INFO = ObjectIdentifier("1.2.840.113549.1.9.16.1.4")
CONTENT_TYPE = ObjectIdentifier("1.2.840.113549.1.9.3")
MESSAGE_DIGEST = ObjectIdentifier("1.2.840.113549.1.9.4")
_SIGNED_DATA = ObjectIdentifier("1.2.840.113549.1.7.2")
_SIGNING_CERTIFICATE = ObjectIdentifier("1.2.840.113549.1.9.16.2.12")
_SIGNING_CERTIFICATE_V2 = ObjectIdentifier("1.2.840.113549.1.9.16.2.47")
_SET = b"\x31"

Algorithm = list[asn1.TLV]
"""An AlgorithmIdentifier: its name, then parameters of any kind."""


@asn1.sequence
class _Sha256:
    oid: ObjectIdentifier
    parameters: asn1.Null


@asn1.sequence
class _QueryImprint:
    algorithm: _Sha256
    digest: bytes


@asn1.sequence
class _Query:
    version: int
    imprint: _QueryImprint
    nonce: int
    certificates: bool


@asn1.sequence
class Imprint:
    """What was stamped."""

    algorithm: Algorithm
    digest: bytes


@asn1.sequence
class _Accuracy:
    seconds: int | None
    millis: Annotated[int | None, asn1.Implicit(0)]
    micros: Annotated[int | None, asn1.Implicit(1)]


@asn1.sequence
class TstInfo:
    """What the authority signs: `imprint` existed at `time`, by the rules that `policy` names."""

    version: int
    policy: ObjectIdentifier
    imprint: Imprint
    serial: int
    time: asn1.GeneralizedTime
    accuracy: _Accuracy | None
    ordering: Annotated[bool, asn1.Default(value=False)]
    nonce: int | None
    authority: Annotated[list[asn1.TLV] | None, asn1.Implicit(0)]
    extensions: Annotated[list[asn1.TLV] | None, asn1.Implicit(1)]


@asn1.sequence
class _Attribute:
    oid: ObjectIdentifier
    values: asn1.SetOf[asn1.TLV]


@asn1.sequence
class _SignerId:
    issuer: asn1.TLV
    serial: int


@asn1.sequence
class Signer:
    """Whose signature it is, and of what: of `attributes`, one of which is the digest of the content."""

    version: int
    id: _SignerId
    digest: Algorithm
    attributes: asn1.TLV
    algorithm: Algorithm
    signature: bytes
    unsigned: Annotated[list[asn1.TLV] | None, asn1.Implicit(1)]


@asn1.sequence
class _Content:
    oid: ObjectIdentifier
    octets: Annotated[bytes, asn1.Explicit(0)]


@asn1.sequence
class _SignedData:
    version: int
    digests: asn1.SetOf[list[asn1.TLV]]
    content: _Content
    certificates: Annotated[list[asn1.TLV] | None, asn1.Implicit(0)]
    revocations: Annotated[list[asn1.TLV] | None, asn1.Implicit(1)]
    signers: asn1.SetOf[Signer]


@asn1.sequence
class _Token:
    oid: ObjectIdentifier
    signed: Annotated[_SignedData, asn1.Explicit(0)]


@asn1.sequence
class _Status:
    code: int
    words: list[str] | None
    failure: asn1.BitString | None


@asn1.sequence
class _Answer:
    status: _Status
    token: _Token | None


@asn1.sequence
class _Wrapped:
    inner: asn1.TLV


@asn1.sequence
class _Attributes:
    each: Annotated[list[_Attribute], asn1.Implicit(0)]


@asn1.sequence
class _CertId:
    digest: bytes
    issuer: list[asn1.TLV] | None


@asn1.sequence
class _CertIdV2:
    algorithm: Algorithm | None
    digest: bytes
    issuer: list[asn1.TLV] | None


@asn1.sequence
class _SigningCertificate:
    certificates: list[_CertId]
    policies: list[asn1.TLV] | None


@asn1.sequence
class _SigningCertificateV2:
    certificates: list[_CertIdV2]
    policies: list[asn1.TLV] | None


@dataclass(frozen=True, slots=True)
class Token:
    """A timestamp taken apart. `content` are the bytes of `info`, `signed` those that the signature is over (RFC 5652,
    5.4), `attributes` what they say; `digests`: the names of all that are used; certificates in DER.
    """

    info: TstInfo
    digests: Collection[ObjectIdentifier]
    content: bytes
    signer: Signer
    attributes: Mapping[ObjectIdentifier, asn1.TLV]
    signed: bytes
    certificates: Sequence[bytes]


@dataclass(frozen=True, slots=True)
class Answer:
    """What an authority answers. `status` 0 and 1 are a yes; `words`: why not, in the authority's own."""

    status: int
    words: str
    token: Token | None


def query(digest: bytes, nonce: int) -> bytes:
    """Ask for a timestamp of this SHA-256, with the certificate in it."""
    imprint = _QueryImprint(algorithm=_Sha256(oid=SHA256, parameters=asn1.Null()), digest=digest)
    return asn1.encode_der(_Query(version=1, imprint=imprint, nonce=nonce, certificates=True))


def read(raw: bytes) -> Answer:
    """Take an answer apart."""
    answer = asn1.decode_der(_Answer, raw)
    token = _token(answer.token) if answer.token else None
    return Answer(answer.status.code, " ".join(answer.status.words or ()), token)


def _token(token: _Token) -> Token:
    signed = token.signed
    signers = signed.signers.as_list()
    if token.oid != _SIGNED_DATA or signed.content.oid != TST_INFO or len(signers) != 1:
        msg = "no timestamp, or one of several signers"
        raise ValueError(msg)
    return Token(
        info=asn1.decode_der(TstInfo, signed.content.octets),
        digests={name_of(each) for each in signed.digests.as_list()},
        content=signed.content.octets,
        signer=signers[0],
        attributes=_attributes(signers[0]),
        signed=_SET + asn1.encode_der(signers[0].attributes)[1:],
        certificates=[asn1.encode_der(each) for each in signed.certificates or ()],
    )


def _attributes(signer: Signer) -> dict[ObjectIdentifier, asn1.TLV]:
    """What is signed, by name; each stands there once, with one value."""
    wrapped = asn1.encode_der(_Wrapped(inner=signer.attributes))
    each = asn1.decode_der(_Attributes, wrapped).each
    found = {one.oid: value for one in each for value in one.values.as_list()}
    if len(found) != sum(len(one.values.as_list()) for one in each):
        msg = "something is signed twice"
        raise ValueError(msg)
    return found


def name_of(algorithm: Algorithm) -> ObjectIdentifier:
    """Which algorithm it is."""
    if not algorithm:
        msg = "an algorithm without a name"
        raise ValueError(msg)
    name: ObjectIdentifier = algorithm[0].parse(ObjectIdentifier)
    return name


def issuer_and_serial(signer: Signer) -> tuple[bytes, int]:
    """Under which name the signer's certificate is to be looked for: the issuer's name in DER, and a number."""
    return asn1.encode_der(signer.id.issuer), signer.id.serial


def certificate_of(token: Token) -> tuple[ObjectIdentifier, bytes]:
    """The certificate with which it was signed, as that signature covers it: a digest's name, and the digest."""
    if (newer := token.attributes.get(_SIGNING_CERTIFICATE_V2)) is not None:
        (first, *_) = newer.parse(_SigningCertificateV2).certificates
        return name_of(first.algorithm) if first.algorithm else SHA256, first.digest
    if (older := token.attributes.get(_SIGNING_CERTIFICATE)) is not None:
        (first, *_) = older.parse(_SigningCertificate).certificates
        return SHA1, first.digest
    msg = "it does not say with which certificate it was signed"
    raise ValueError(msg)
