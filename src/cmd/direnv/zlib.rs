//! zlib's format in little memory: one block in deflate's fixed codes (RFC 1950;
//! RFC 1951, 3.2.5 and 3.2.6).
//!
//! A load of direnv packs a kilobyte or two. A compressor for any size first
//! clears tables of 300 kB, which costs more than the rest of such a load: each
//! page that is touched is one that the kernel has to give. This one has 4 kB.

/// Matches are looked for by a hash of this many bits of what they begin with.
const HASH_BITS: u32 = 10;
const SHORTEST: usize = 3;
const LONGEST: usize = 258;
const FARTHEST: usize = 1 << 15;
const END_OF_BLOCK: u32 = 256;

/// `bytes`, packed: what any inflate reads.
pub(super) fn pack(bytes: &[u8]) -> Vec<u8> {
    let mut bits = Bits::after(vec![0x78, 0x01]);
    bits.put(0b011, 3);
    let mut last = [0; 1 << HASH_BITS];
    let mut at = 0;
    while at < bytes.len() {
        let length = match earlier(bytes, at, &mut last) {
            Some((length, distance)) => {
                bits.put_match(length, distance);
                length
            }
            None => {
                bits.put_symbol(u32::from(bytes[at]));
                1
            }
        };
        for passed in at + 1..at + length {
            note(bytes, passed, &mut last);
        }
        at += length;
    }
    bits.put_symbol(END_OF_BLOCK);
    let mut packed = bits.end();
    packed.extend_from_slice(&adler32(bytes).to_be_bytes());
    packed
}

/// Notes that what begins at `at` does, and gives where the like began before, one
/// more than its place; 0 if nowhere.
fn note(bytes: &[u8], at: usize, last: &mut [u32; 1 << HASH_BITS]) -> usize {
    let Some(&[a, b, c]) = bytes.get(at..at + SHORTEST) else {
        return 0;
    };
    let word = u32::from_le_bytes([a, b, c, 0]);
    let hash = word.wrapping_mul(0x9e37_79b1) >> (32 - HASH_BITS);
    let place = u32::try_from(at + 1).unwrap_or(0);
    std::mem::replace(&mut last[hash as usize], place) as usize
}

/// How much from `at` on was there before, and how far back.
fn earlier(bytes: &[u8], at: usize, last: &mut [u32; 1 << HASH_BITS]) -> Option<(usize, usize)> {
    let from = note(bytes, at, last).checked_sub(1)?;
    let pairs = bytes[from..].iter().zip(&bytes[at..]);
    let length = pairs.take(LONGEST).take_while(|(old, new)| old == new).count();
    let distance = at - from;
    (length >= SHORTEST && distance <= FARTHEST).then_some((length, distance))
}

/// Bits, the lowest of each byte first.
struct Bits {
    bytes: Vec<u8>,
    pending: u64,
    count: u32,
}

impl Bits {
    fn after(bytes: Vec<u8>) -> Bits {
        Bits {
            bytes,
            pending: 0,
            count: 0,
        }
    }

    fn put(&mut self, value: u32, count: u32) {
        self.pending |= u64::from(value) << self.count;
        self.count += count;
        while self.count >= 8 {
            self.bytes.push(self.pending as u8);
            self.pending >>= 8;
            self.count -= 8;
        }
    }

    /// A Huffman code: its highest bit comes first.
    fn put_code(&mut self, code: u32, count: u32) {
        self.put(code.reverse_bits() >> (32 - count), count);
    }

    fn put_symbol(&mut self, symbol: u32) {
        match symbol {
            0..144 => self.put_code(0x30 + symbol, 8),
            144..256 => self.put_code(0x190 + symbol - 144, 9),
            256..280 => self.put_code(symbol - 256, 7),
            _ => self.put_code(0xc0 + symbol - 280, 8),
        }
    }

    fn put_match(&mut self, length: usize, distance: usize) {
        let beyond = (length - SHORTEST) as u32;
        let extra = (u32::BITS - beyond.leading_zeros()).saturating_sub(3);
        if length == LONGEST {
            self.put_symbol(285);
        } else {
            self.put_symbol(257 + 4 * extra + (beyond >> extra));
            self.put(beyond & ((1 << extra) - 1), extra);
        }
        let back = (distance - 1) as u32;
        let extra = (u32::BITS - back.leading_zeros()).saturating_sub(2);
        self.put_code(2 * extra + (back >> extra), 5);
        self.put(back & ((1 << extra) - 1), extra);
    }

    fn end(mut self) -> Vec<u8> {
        self.put(0, (8 - self.count) % 8);
        self.bytes
    }
}

/// RFC 1950, 8.2.
fn adler32(bytes: &[u8]) -> u32 {
    let (a, b) = bytes.iter().fold((1, 0), |(a, b), &byte| {
        let a = (a + u32::from(byte)) % 65_521;
        (a, (b + a) % 65_521)
    });
    b << 16 | a
}

#[cfg(test)]
mod tests {
    use super::*;
    use miniz_oxide::inflate::decompress_to_vec_zlib;
    use proptest::prelude::*;

    fn there_and_back(bytes: &[u8]) -> Vec<u8> {
        decompress_to_vec_zlib(&pack(bytes)).expect("it is zlib's format, and its sum is right")
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_back(bytes in proptest::collection::vec(any::<u8>(), 0..3000)) {
            prop_assert_eq!(there_and_back(&bytes), bytes);
        }

        /// Few letters, each piece often: matches of all lengths and distances.
        #[test]
        fn what_repeats_is_read_back(
            pieces in proptest::collection::vec("[ab]{1,9}", 1..6),
            order in proptest::collection::vec((any::<prop::sample::Index>(), 1..400usize), 0..300),
        ) {
            let text: String = order.iter().map(|(which, times)| which.get(&pieces).repeat(*times)).collect();
            prop_assert_eq!(there_and_back(text.as_bytes()), text.as_bytes());
        }
    }

    #[test]
    fn lengths_and_distances_at_their_bounds_are_read_back() {
        for between in [
            0,
            1,
            3,
            4,
            255,
            FARTHEST - 5,
            FARTHEST - 4,
            FARTHEST,
            2 * FARTHEST,
        ] {
            for length in [3, 4, 10, 11, 257, 258, 259, 600] {
                let filler = (0..between).map(|at| (at * at / 7 % 251) as u8);
                let piece = || (0..length).map(|at| (at % 13) as u8 ^ 0xf0);
                let bytes: Vec<u8> = piece().chain(filler).chain(piece()).collect();
                assert_eq!(there_and_back(&bytes), bytes, "{length} bytes, {between} between");
            }
        }
    }

    #[test]
    fn a_list_of_paths_is_packed_well() {
        let entry =
            |name: &str| format!(r#"{{"exists":true,"modtime":1795748055,"path":"/p/src/app/{name}"}},"#);
        let text: String = [
            "Cargo.toml",
            "crate-env.nix",
            "flake.nix",
            "flake.lock",
            "npins",
            "rust-toolchain",
        ]
        .map(entry)
        .concat();
        let packed = pack(text.as_bytes()).len();
        let by_level_6 = miniz_oxide::deflate::compress_to_vec_zlib(text.as_bytes(), 6).len();
        assert!(
            packed * 100 < by_level_6 * 115,
            "{packed} bytes, {by_level_6} by miniz"
        );
    }
}
