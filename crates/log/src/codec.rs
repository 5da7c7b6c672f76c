//! Bytes of stored forms: fixed-width little-endian numbers, and LEB128 variable ones.
//!
//! Invariant: reading never panics and never allocates more than it was given bytes for.

/// A stored form does not read as what it should be: the store was altered or is damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("stored bytes do not read as {0}")]
pub struct Damaged(pub &'static str);

/// Appends `value` in LEB128.
pub fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    loop {
        let [low, ..] = value.to_le_bytes();
        value >>= 7;
        if value == 0 {
            out.push(low & 0x7f);
            return;
        }
        out.push(low | 0x80);
    }
}

/// Appends `value`, small in either direction, in zigzag LEB128.
pub fn put_zigzag(out: &mut Vec<u8>, value: i64) {
    put_varint(out, (value.cast_unsigned() << 1) ^ (value >> 63).cast_unsigned());
}

/// Reads stored forms from the front of a slice.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
    what: &'static str,
}

impl<'a> Reader<'a> {
    /// Reads `bytes`, which should be `what`.
    pub fn new(bytes: &'a [u8], what: &'static str) -> Self {
        Self { rest: bytes, what }
    }

    /// Whether all was read.
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// All that was not read.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The next `length` bytes.
    pub fn take(&mut self, length: usize) -> Result<&'a [u8], Damaged> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(Damaged(self.what))?;
        self.rest = rest;
        Ok(taken)
    }

    /// The next `N` bytes.
    pub fn array<const N: usize>(&mut self) -> Result<&'a [u8; N], Damaged> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(Damaged(self.what))?;
        self.rest = rest;
        Ok(taken)
    }

    /// The next byte.
    pub fn byte(&mut self) -> Result<u8, Damaged> {
        let [byte] = self.array()?;
        Ok(*byte)
    }

    /// The next LEB128 number.
    pub fn varint(&mut self) -> Result<u64, Damaged> {
        // Most have one byte or two.
        if let [low, rest @ ..] = self.rest
            && *low < 0x80
        {
            self.rest = rest;
            return Ok(u64::from(*low));
        }
        if let [low, high, rest @ ..] = self.rest
            && *high < 0x80
        {
            self.rest = rest;
            return Ok(u64::from(*high) << 7 | u64::from(*low & 0x7f));
        }
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                break;
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(Damaged(self.what))
    }

    /// The next LEB128 number as a length or place in memory.
    pub fn length(&mut self) -> Result<usize, Damaged> {
        usize::try_from(self.varint()?).map_err(|_| Damaged(self.what))
    }

    /// The next zigzag LEB128 number.
    pub fn zigzag(&mut self) -> Result<i64, Damaged> {
        let value = self.varint()?;
        Ok((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
    }

    /// The next text, its length before it.
    pub fn text(&mut self) -> Result<&'a str, Damaged> {
        let length = self.length()?;
        std::str::from_utf8(self.take(length)?).map_err(|_| Damaged(self.what))
    }
}

/// Appends `text`, its length before it.
pub fn put_text(out: &mut Vec<u8>, text: &str) {
    put_varint(out, u64::try_from(text.len()).unwrap_or(u64::MAX));
    out.extend_from_slice(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{prop_assert, prop_assert_eq, proptest};

    proptest! {
        #[test]
        fn numbers_and_texts_come_back(value: u64, signed: i64, text in ".{0,200}") {
            let mut bytes = Vec::new();
            put_varint(&mut bytes, value);
            put_zigzag(&mut bytes, signed);
            put_text(&mut bytes, &text);
            let mut reader = Reader::new(&bytes, "a test");
            prop_assert_eq!(reader.varint(), Ok(value));
            prop_assert_eq!(reader.zigzag(), Ok(signed));
            prop_assert_eq!(reader.text(), Ok(text.as_str()));
            prop_assert!(reader.is_empty());
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
            let mut reader = Reader::new(&bytes, "a test");
            while reader.varint().is_ok() || reader.text().is_ok() {}
        }
    }

    #[test]
    fn a_number_of_more_than_64_bits_is_damage() {
        let mut long = vec![0xff; 9];
        long.push(2);
        assert_eq!(Reader::new(&long, "n").varint(), Err(Damaged("n")));
    }
}
