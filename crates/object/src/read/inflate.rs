//! Plain, gzip or zstd, told apart by the first bytes.
//!
//! Invariant: what was taken from the input is counted before it is inflated.

use std::fmt;
use std::io::{self, Chain, Cursor, Read};

use flate2::read::MultiGzDecoder;

const GZIP_MAGIC: &[u8] = &[0x1F, 0x8B];
const ZSTD_MAGIC: &[u8] = &[0x28, 0xB5, 0x2F, 0xFD];

type Input<R> = Counted<Chain<Cursor<Vec<u8>>, R>>;

/// The input without its compression.
pub(super) enum Inflate<R: Read> {
    Plain(Input<R>),
    Gzip(Box<MultiGzDecoder<Input<R>>>),
    Zstd(Box<zstd::stream::read::Decoder<'static, io::BufReader<Input<R>>>>),
}

impl<R: Read> Inflate<R> {
    /// Reads the first bytes and sees what they are.
    pub(super) fn open(mut input: R, zstd_window_log_max: u32) -> io::Result<Self> {
        let mut magic = Vec::with_capacity(ZSTD_MAGIC.len());
        input.by_ref().take(4).read_to_end(&mut magic)?;
        let is = |prefix: &[u8]| magic.starts_with(prefix);
        let (gzip, zstd) = (is(GZIP_MAGIC), is(ZSTD_MAGIC));
        let input = Counted { input: Cursor::new(magic).chain(input), bytes: 0 };
        if gzip {
            return Ok(Self::Gzip(Box::new(MultiGzDecoder::new(input))));
        }
        if zstd {
            let mut decoder = zstd::stream::read::Decoder::new(input)?;
            decoder.window_log_max(zstd_window_log_max)?;
            return Ok(Self::Zstd(Box::new(decoder)));
        }
        Ok(Self::Plain(input))
    }

    /// How many bytes were taken from the input.
    pub(super) fn wire_bytes(&self) -> u64 {
        match self {
            Self::Plain(input) => input.bytes,
            Self::Gzip(decoder) => decoder.get_ref().bytes,
            Self::Zstd(decoder) => decoder.get_ref().get_ref().bytes,
        }
    }

    /// Whether there is a compression.
    pub(super) fn is_compressed(&self) -> bool {
        !matches!(self, Self::Plain(_))
    }
}

impl<R: Read> Read for Inflate<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(input) => input.read(buffer),
            Self::Gzip(decoder) => decoder.read(buffer),
            Self::Zstd(decoder) => decoder.read(buffer),
        }
    }
}

impl<R: Read> fmt::Debug for Inflate<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plain(_) => "Plain",
            Self::Gzip(_) => "Gzip",
            Self::Zstd(_) => "Zstd",
        })
    }
}

/// A reader that knows how many bytes it gave.
pub(super) struct Counted<R> {
    input: R,
    bytes: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.input.read(buffer)?;
        self.bytes = self.bytes.saturating_add(u64::try_from(n).unwrap_or(u64::MAX));
        Ok(n)
    }
}
