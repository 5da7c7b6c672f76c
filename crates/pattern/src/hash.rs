//! What the values of well-known hash algorithms look like.
//!
//! The OASIS pattern validator refuses a pattern that compares a hash with a text that cannot be
//! one: such a pattern could never match. So do we, for `=`, `!=` and `IN`.

use crate::ast::{ObjectPath, Step};

/// What a value must be made of.
#[derive(Debug, Clone, Copy)]
enum Shape {
    /// Hexadecimal digits, as many as one of these.
    Hex(&'static [usize]),
    /// One to 128 characters of a fuzzy hash.
    Fuzzy,
}

/// A hash algorithm.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Algorithm {
    /// The name without hyphens.
    key: &'static str,
    /// The name in the specification.
    pub(crate) name: &'static str,
    shape: Shape,
}

const ALGORITHMS: [Algorithm; 14] = [
    Algorithm { key: "MD5", name: "MD5", shape: Shape::Hex(&[32]) },
    Algorithm { key: "MD6", name: "MD6", shape: Shape::Hex(&[32, 40, 56, 64, 96, 128]) },
    Algorithm { key: "RIPEMD160", name: "RIPEMD-160", shape: Shape::Hex(&[40]) },
    Algorithm { key: "SHA1", name: "SHA-1", shape: Shape::Hex(&[40]) },
    Algorithm { key: "SHA224", name: "SHA-224", shape: Shape::Hex(&[56]) },
    Algorithm { key: "SHA256", name: "SHA-256", shape: Shape::Hex(&[64]) },
    Algorithm { key: "SHA384", name: "SHA-384", shape: Shape::Hex(&[96]) },
    Algorithm { key: "SHA512", name: "SHA-512", shape: Shape::Hex(&[128]) },
    Algorithm { key: "SHA3224", name: "SHA3-224", shape: Shape::Hex(&[56]) },
    Algorithm { key: "SHA3256", name: "SHA3-256", shape: Shape::Hex(&[64]) },
    Algorithm { key: "SHA3384", name: "SHA3-384", shape: Shape::Hex(&[96]) },
    Algorithm { key: "SHA3512", name: "SHA3-512", shape: Shape::Hex(&[128]) },
    Algorithm { key: "SSDEEP", name: "SSDEEP", shape: Shape::Fuzzy },
    Algorithm { key: "WHIRLPOOL", name: "WHIRLPOOL", shape: Shape::Hex(&[128]) },
];

impl Algorithm {
    /// The algorithm of the values at a path, if the path leads to a hash of a known one.
    pub(crate) fn of_path(path: &ObjectPath<'_>) -> Option<Self> {
        let Some((Step::Key(last), before)) = path.steps.split_last() else {
            return None;
        };
        let hashes = |step: &Step<'_>| matches!(step, Step::Key(key) if key == "hashes");
        if path.property != "hashes" && !before.iter().any(hashes) {
            return None;
        }
        ALGORITHMS.into_iter().find(|algorithm| same_name(last, algorithm.key))
    }

    /// Whether a text can be a value of this algorithm.
    pub(crate) fn admits(self, value: &str) -> bool {
        let bytes = value.as_bytes();
        match self.shape {
            Shape::Hex(lengths) => {
                lengths.contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_hexdigit)
            }
            Shape::Fuzzy => {
                let belongs = |byte: &u8| {
                    byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'+' | b':' | b'.')
                };
                (1..=128).contains(&bytes.len()) && bytes.iter().all(belongs)
            }
        }
    }
}

/// `sha-256` and `SHA256` are one name.
fn same_name(name: &str, key: &str) -> bool {
    name.bytes().filter(|byte| *byte != b'-').map(|byte| byte.to_ascii_uppercase()).eq(key.bytes())
}
