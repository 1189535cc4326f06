"""Encryption of what is kept: AES-256-GCM, with the nonce before the ciphertext. Only who uses it loads the library."""

import secrets

KEY, _NONCE = 32, 12  # bytes


def encrypt(key: bytes, plain: bytes, about: bytes) -> bytes:
    """Nonce and ciphertext; what it is `about` is authenticated, and not in it."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = secrets.token_bytes(_NONCE)
    return nonce + AESGCM(key).encrypt(nonce, plain, about)


def decrypt(key: bytes, sealed: bytes, about: bytes) -> bytes | None:
    """What was encrypted; None under another key, about something else, or changed."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        return AESGCM(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], about)
    except (InvalidTag, ValueError):
        return None
