//! Cursors: where a page ends, for one partner, in one collection, under one set of filters.
//!
//! Invariants:
//! * Only a cursor that this node made is accepted, and only from the partner, for the collection
//!   and with the filters that it was made for; otherwise it is as good as none.
//! * The same place gives the same cursor, so that a page that is asked for twice is the same bytes;
//!   nothing about it can be read or counted by whoever holds it.
//!
//! Form: base64url of a nonce of 24 bytes and 24 bytes of XChaCha20-Poly1305. The nonce is made from
//! the key and the plaintext (a synthetic one), so it differs whenever the plaintext does.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac as _};
use sha2::Sha256;

use crate::limits::CURSOR_BYTES_MAX;

const NONCE_BYTES: usize = 24;

/// Makes and reads cursors.
pub(crate) struct Cursors {
    cipher: XChaCha20Poly1305,
    nonces: [u8; 32],
}

impl Cursors {
    /// With keys that are derived from `secret`.
    pub(crate) fn new(secret: &[u8; 32]) -> Self {
        let cipher = XChaCha20Poly1305::new(&mac(secret, &[b"entente taxii cursor key"]).into());
        Self { cipher, nonces: mac(secret, &[b"entente taxii cursor nonce"]) }
    }

    /// The cursor for what was added after `position`. `bound` is who asked for what.
    pub(crate) fn write(&self, bound: &[u8], position: i64) -> String {
        let position = position.to_be_bytes();
        let nonce = mac(&self.nonces, &[&position, bound]);
        let nonce = nonce.first_chunk::<NONCE_BYTES>().copied().unwrap_or_default();
        let payload = Payload { msg: &position, aad: bound };
        // Encrypting eight bytes does not fail; if it did, the cursor would be refused later.
        let sealed = self.cipher.encrypt(XNonce::from_slice(&nonce), payload).unwrap_or_default();
        URL_SAFE_NO_PAD.encode([nonce.as_slice(), &sealed].concat())
    }

    /// The position of a cursor, if it was made for this.
    pub(crate) fn read(&self, bound: &[u8], cursor: &str) -> Option<i64> {
        if cursor.len() > CURSOR_BYTES_MAX {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE_BYTES>()?;
        let payload = Payload { msg: sealed, aad: bound };
        let opened = self.cipher.decrypt(XNonce::from_slice(nonce), payload).ok()?;
        Some(i64::from_be_bytes(opened.try_into().ok()?))
    }
}

/// HMAC-SHA256 over the parts, one after the other.
pub(crate) fn mac(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    // HMAC fills a key up to a block with zeros itself (RFC 2104): so no length can be wrong.
    let block: [u8; 64] = std::array::from_fn(|at| key.get(at).copied().unwrap_or_default());
    let mut mac = <Hmac<Sha256> as hmac::Mac>::new(&block.into());
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::{prop_assert_eq, proptest};

    #[test]
    fn a_cursor_is_for_what_it_was_made_for_alone() {
        let cursors = Cursors::new(&[7; 32]);
        let cursor = cursors.write(b"POL objects cyber", 5);
        assert_eq!(cursor, cursors.write(b"POL objects cyber", 5));
        assert_eq!(cursor.len(), 64);
        assert_eq!(cursors.read(b"POL objects cyber", &cursor), Some(5));
        assert_eq!(cursors.read(b"EST objects cyber", &cursor), None);
        assert_eq!(Cursors::new(&[8; 32]).read(b"POL objects cyber", &cursor), None);
        assert_ne!(cursor, cursors.write(b"POL objects cyber", 6));
    }

    proptest! {
        #[test]
        fn any_text_is_refused(text: String, base in "[A-Za-z0-9_-]{64}") {
            let cursors = Cursors::new(&[7; 32]);
            prop_assert_eq!(cursors.read(b"bound", &text), None);
            prop_assert_eq!(cursors.read(b"bound", &base), None);
        }

        #[test]
        fn a_changed_bit_is_noticed(position: i64, at in 0usize..48, bit in 0u8..8) {
            let cursors = Cursors::new(&[7; 32]);
            let cursor = cursors.write(b"bound", position);
            let mut bytes = URL_SAFE_NO_PAD.decode(&cursor).unwrap();
            bytes[at] ^= 1 << bit;
            prop_assert_eq!(cursors.read(b"bound", &URL_SAFE_NO_PAD.encode(bytes)), None);
            prop_assert_eq!(cursors.read(b"bound", &cursor), Some(position));
        }
    }
}
