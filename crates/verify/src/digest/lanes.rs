//! Lanes: SHA-384 of eight messages in parallel.
//!
//! SHA-384 is SHA-512 with other initial values, truncated to 48 bytes (FIPS 180-4, 5.3.4 and 6.5). In one
//! message each block depends on the block before. Eight messages are eight such chains: each word of their
//! states is one `[u64; 8]`, which the compiler turns into vector instructions. `pulp` compiles the loop for
//! each instruction set and selects one at run time.

/// The number of parallel messages: the 64-bit words of one 512-bit register.
pub const LANES: usize = 8;

const BLOCK: usize = 128;
const ROUNDS: usize = 80;

/// One word of eight states.
type Words = [u64; LANES];

/// The initial values of SHA-384 (FIPS 180-4, 5.3.4).
const INITIAL: [u64; 8] = [
    0xcbbb_9d5d_c105_9ed8,
    0x629a_292a_367c_d507,
    0x9159_015a_3070_dd17,
    0x152f_ecd8_f70e_5939,
    0x6733_2667_ffc0_0b31,
    0x8eb4_4a87_6858_1511,
    0xdb0c_2e0d_64f9_8fa7,
    0x47b5_481d_befa_4fa4,
];

/// The constants of SHA-512 (FIPS 180-4, 4.2.3).
const K: [u64; ROUNDS] = [
    0x428a_2f98_d728_ae22,
    0x7137_4491_23ef_65cd,
    0xb5c0_fbcf_ec4d_3b2f,
    0xe9b5_dba5_8189_dbbc,
    0x3956_c25b_f348_b538,
    0x59f1_11f1_b605_d019,
    0x923f_82a4_af19_4f9b,
    0xab1c_5ed5_da6d_8118,
    0xd807_aa98_a303_0242,
    0x1283_5b01_4570_6fbe,
    0x2431_85be_4ee4_b28c,
    0x550c_7dc3_d5ff_b4e2,
    0x72be_5d74_f27b_896f,
    0x80de_b1fe_3b16_96b1,
    0x9bdc_06a7_25c7_1235,
    0xc19b_f174_cf69_2694,
    0xe49b_69c1_9ef1_4ad2,
    0xefbe_4786_384f_25e3,
    0x0fc1_9dc6_8b8c_d5b5,
    0x240c_a1cc_77ac_9c65,
    0x2de9_2c6f_592b_0275,
    0x4a74_84aa_6ea6_e483,
    0x5cb0_a9dc_bd41_fbd4,
    0x76f9_88da_8311_53b5,
    0x983e_5152_ee66_dfab,
    0xa831_c66d_2db4_3210,
    0xb003_27c8_98fb_213f,
    0xbf59_7fc7_beef_0ee4,
    0xc6e0_0bf3_3da8_8fc2,
    0xd5a7_9147_930a_a725,
    0x06ca_6351_e003_826f,
    0x1429_2967_0a0e_6e70,
    0x27b7_0a85_46d2_2ffc,
    0x2e1b_2138_5c26_c926,
    0x4d2c_6dfc_5ac4_2aed,
    0x5338_0d13_9d95_b3df,
    0x650a_7354_8baf_63de,
    0x766a_0abb_3c77_b2a8,
    0x81c2_c92e_47ed_aee6,
    0x9272_2c85_1482_353b,
    0xa2bf_e8a1_4cf1_0364,
    0xa81a_664b_bc42_3001,
    0xc24b_8b70_d0f8_9791,
    0xc76c_51a3_0654_be30,
    0xd192_e819_d6ef_5218,
    0xd699_0624_5565_a910,
    0xf40e_3585_5771_202a,
    0x106a_a070_32bb_d1b8,
    0x19a4_c116_b8d2_d0c8,
    0x1e37_6c08_5141_ab53,
    0x2748_774c_df8e_eb99,
    0x34b0_bcb5_e19b_48a8,
    0x391c_0cb3_c5c9_5a63,
    0x4ed8_aa4a_e341_8acb,
    0x5b9c_ca4f_7763_e373,
    0x682e_6ff3_d6b2_b8a3,
    0x748f_82ee_5def_b2fc,
    0x78a5_636f_4317_2f60,
    0x84c8_7814_a1f0_ab72,
    0x8cc7_0208_1a64_39ec,
    0x90be_fffa_2363_1e28,
    0xa450_6ceb_de82_bde9,
    0xbef9_a3f7_b2c6_7915,
    0xc671_78f2_e372_532b,
    0xca27_3ece_ea26_619c,
    0xd186_b8c7_21c0_c207,
    0xeada_7dd6_cde0_eb1e,
    0xf57d_4f7f_ee6e_d178,
    0x06f0_67aa_7217_6fba,
    0x0a63_7dc5_a2c8_98a6,
    0x113f_9804_bef9_0dae,
    0x1b71_0b35_131c_471b,
    0x28db_77f5_2304_7d84,
    0x32ca_ab7b_40c7_2493,
    0x3c9e_be0a_15c9_bebc,
    0x431d_67c4_9c10_0d4c,
    0x4cc5_d4be_cb3e_42b6,
    0x597f_299c_fc65_7e2a,
    0x5fcb_6fab_3ad6_faec,
    0x6c44_198c_4a47_5817,
];

/// The SHA-384 of each message.
pub fn sha384_each(messages: &[&[u8]]) -> Vec<[u8; 48]> {
    pulp::Arch::new().dispatch(Each(messages))
}

/// Whether lanes are faster than one message after another, for this total size of messages and size of the
/// longest.
///
/// With 512-bit registers a lane has half the speed of the plain function, with 256-bit registers a quarter;
/// without either, lanes are slower.
pub fn are_worth_it(longest: usize, total: usize) -> bool {
    let steps = longest.max(total / LANES);
    match pulp::Arch::new() {
        #[cfg(target_arch = "x86_64")]
        pulp::Arch::V4(_) => 2 * steps < total,
        #[cfg(target_arch = "x86_64")]
        pulp::Arch::V3(_) => 4 * steps < total,
        _ => false,
    }
}

/// The loop, in a form that `pulp` compiles for each instruction set; all of it must be inlined there.
struct Each<'a>(&'a [&'a [u8]]);

impl pulp::NullaryFnOnce for Each<'_> {
    type Output = Vec<[u8; 48]>;

    #[inline(always)]
    fn call(self) -> Self::Output {
        each(self.0)
    }
}

#[inline(always)]
fn each(messages: &[&[u8]]) -> Vec<[u8; 48]> {
    let mut digests = vec![[0; 48]; messages.len()];
    // Longest first, so that the lanes end at the same time.
    let mut waiting: Vec<usize> = (0..messages.len()).collect();
    waiting.sort_by_key(|index| messages[*index].len());
    let mut next = || waiting.pop().map(|index| Lane::new(index, messages[index]));
    let mut lanes: [Option<Lane<'_>>; LANES] = std::array::from_fn(|_| next());
    let mut states = INITIAL.map(|word| [word; LANES]);
    while lanes.iter().any(Option::is_some) {
        let mut words = [[0; LANES]; 16];
        for (place, lane) in lanes.iter_mut().enumerate() {
            let Some(lane) = lane else { continue };
            let (block, _) = lane.next_block().as_chunks::<8>();
            for (word, bytes) in words.iter_mut().zip(block) {
                word[place] = u64::from_be_bytes(*bytes);
            }
        }
        compress(&mut states, &mut words);
        for (place, lane) in lanes.iter_mut().enumerate() {
            if let Some(done) = lane.take_if(|lane| lane.is_done()) {
                for (bytes, word) in digests[done.message].chunks_exact_mut(8).zip(&states) {
                    bytes.copy_from_slice(&word[place].to_be_bytes());
                }
                states.iter_mut().zip(INITIAL).for_each(|(word, initial)| word[place] = initial);
                *lane = next();
            }
        }
    }
    digests
}

/// A message in a lane: its complete blocks, then its end with the padding.
struct Lane<'a> {
    message: usize,
    whole: &'a [u8],
    end: [u8; 2 * BLOCK],
    end_at: usize,
    end_length: usize,
}

impl<'a> Lane<'a> {
    /// Pads the message: a one bit, zeros, and its length in bits as 128 bits (FIPS 180-4, 5.1.2).
    #[inline(always)]
    fn new(message: usize, bytes: &'a [u8]) -> Self {
        let (whole, rest) = bytes.split_at(bytes.len() / BLOCK * BLOCK);
        let mut end = [0; 2 * BLOCK];
        end[..rest.len()].copy_from_slice(rest);
        end[rest.len()] = 0x80;
        let end_length = if rest.len() + 17 <= BLOCK { BLOCK } else { 2 * BLOCK };
        end[end_length - 16..end_length].copy_from_slice(&(8 * bytes.len() as u128).to_be_bytes());
        Self { message, whole, end, end_at: 0, end_length }
    }

    #[inline(always)]
    fn next_block(&mut self) -> &[u8] {
        if let Some((block, rest)) = self.whole.split_at_checked(BLOCK) {
            self.whole = rest;
            return block;
        }
        self.end_at += BLOCK;
        &self.end[self.end_at - BLOCK..self.end_at]
    }

    #[inline(always)]
    fn is_done(&self) -> bool {
        self.end_at == self.end_length
    }
}

/// One word of each lane, from the lane's number.
#[inline(always)]
fn words(word: impl Fn(usize) -> u64) -> Words {
    let mut words = [0; LANES];
    for (lane, each) in words.iter_mut().enumerate() {
        *each = word(lane);
    }
    words
}

/// One block in every lane, by the computation and the names of FIPS 180-4, 6.4.2.
#[inline(always)]
fn compress(states: &mut [Words; 8], w: &mut [Words; 16]) {
    let mut state = *states;
    sixteen_rounds(&mut state, w, 0);
    for first in (16..ROUNDS).step_by(16) {
        schedule(w);
        sixteen_rounds(&mut state, w, first);
    }
    for (before, word) in states.iter_mut().zip(state) {
        *before = words(|l| before[l].wrapping_add(word[l]));
    }
}

/// The next sixteen words of the message schedule, in the places of the ones before.
///
/// Each place is a constant: with places that are computed, the compiler splits the vectors into words.
#[inline(always)]
fn schedule(w: &mut [Words; 16]) {
    macro_rules! each {
        ($($t:literal)*) => {$({
            let (w2, w7, w15, w16) = (w[($t + 14) % 16], w[($t + 9) % 16], w[($t + 1) % 16], w[$t]);
            w[$t] = words(|l| {
                let s0 = w15[l].rotate_right(1) ^ w15[l].rotate_right(8) ^ (w15[l] >> 7);
                let s1 = w2[l].rotate_right(19) ^ w2[l].rotate_right(61) ^ (w2[l] >> 6);
                s1.wrapping_add(w7[l]).wrapping_add(s0).wrapping_add(w16[l])
            });
        })*};
    }
    each!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15);
}

#[inline(always)]
fn sixteen_rounds(state: &mut [Words; 8], w: &[Words; 16], first: usize) {
    let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = *state;
    for (wt, kt) in w.iter().zip(&K[first..]) {
        let t1 = words(|l| {
            let sum = e[l].rotate_right(14) ^ e[l].rotate_right(18) ^ e[l].rotate_right(41);
            let choice = (e[l] & f[l]) ^ (!e[l] & g[l]);
            h[l].wrapping_add(sum).wrapping_add(choice).wrapping_add(*kt).wrapping_add(wt[l])
        });
        let t2 = words(|l| {
            let sum = a[l].rotate_right(28) ^ a[l].rotate_right(34) ^ a[l].rotate_right(39);
            let majority = (a[l] & b[l]) ^ (a[l] & c[l]) ^ (b[l] & c[l]);
            sum.wrapping_add(majority)
        });
        (h, g, f) = (g, f, e);
        e = words(|l| d[l].wrapping_add(t1[l]));
        (d, c, b) = (c, b, a);
        a = words(|l| t1[l].wrapping_add(t2[l]));
    }
    *state = [a, b, c, d, e, f, g, h];
}

#[cfg(test)]
mod tests {
    use super::*;
    use sha2::Digest as _;

    #[test]
    fn every_length_has_the_digest_of_the_plain_function() {
        let bytes: Vec<u8> = (0..1000u32).map(|i| (i * i % 251) as u8).collect();
        let lengths = (0..300).chain([383, 384, 385, 500, 999, 1000]);
        let messages: Vec<&[u8]> = lengths.map(|length| &bytes[1000 - length..]).collect();
        for count in [0, 1, 7, 8, 9, messages.len()] {
            let digests = sha384_each(&messages[..count]);
            assert_eq!(digests.len(), count);
            for (message, digest) in messages.iter().zip(digests) {
                assert_eq!(digest, <[u8; 48]>::from(sha2::Sha384::digest(message)), "{}", message.len());
            }
        }
    }
}
