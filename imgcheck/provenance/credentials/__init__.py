"""Content credentials (C2PA): found, validated offline, taken apart axis by axis."""

from imgcheck.provenance.credentials.library import missing as c2pa_missing
from imgcheck.provenance.credentials.presence import C2paPresence, c2pa_presence
from imgcheck.provenance.credentials.reading import credentials as read_credentials
from imgcheck.provenance.credentials.result import (
    Action,
    Credentials,
    Identity,
    Ingredient,
    OutsideHash,
    OutsidePart,
    SignedStatement,
    Signer,
    Stamp,
)
from imgcheck.provenance.credentials.sentences import say as say_credentials
from imgcheck.provenance.credentials.sentences import to_json as credentials_to_json
from imgcheck.provenance.credentials.trust import NO_TRUST, TrustBundle, TrustList, read_bundle

__all__ = [
    "c2pa_presence", "C2paPresence", "c2pa_missing",
    "read_credentials", "say_credentials", "credentials_to_json",
    "Credentials", "Signer", "Stamp", "Ingredient", "OutsideHash", "OutsidePart",
    "SignedStatement", "Action", "Identity",
    "TrustList", "TrustBundle", "NO_TRUST", "read_bundle",
]  # fmt: skip
