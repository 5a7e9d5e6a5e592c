//! Rule files, and trees that they are about: patterns are made from the paths of the tree, so that many match.
//!
//! One number decides all of it, so every run has the same trees.

/// Splitmix64.
pub struct Dice(pub u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, count: usize) -> usize {
        (self.next() % count as u64) as usize
    }

    pub fn one<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())].clone()
    }

    /// Whether something happens that does so in this many of a hundred cases.
    fn percent(&mut self, chance: usize) -> bool {
        self.below(100) < chance
    }
}

/// What names are made of: often the same few letters, sometimes each byte that has a meaning in a pattern.
const COMMON: [&[u8]; 8] = [b"a", b"b", b"a", b"b", b".", b"-", b"foo", b"ab"];
const RARE: [&[u8]; 29] = [
    b"A",
    b"B",
    b"z",
    b"_",
    b"0",
    b"9",
    b" ",
    b"[",
    b"]",
    b"{",
    b"}",
    b"*",
    b"?",
    b"\\",
    b"!",
    b"#",
    b",",
    b"^",
    b":",
    b"\xe9",
    b"\xc3\xa9",
    b"\t",
    b"~",
    b"\x01",
    b"\x7f",
    b"+",
    b"\"",
    b"'",
    b"/",
];
const CLASSES: [&str; 14] = [
    "alnum", "alpha", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space", "upper",
    "xdigit", "none", "",
];

fn part(dice: &mut Dice) -> &'static [u8] {
    if dice.percent(60) { dice.one(&COMMON) } else { RARE[dice.below(RARE.len() - 1)] }
}

/// A name that a file can have.
pub fn name(dice: &mut Dice) -> Vec<u8> {
    loop {
        let name: Vec<u8> = (0..=dice.below(4)).flat_map(|_| part(dice)).copied().collect();
        let lower = name.to_ascii_lowercase();
        if !matches!(lower.as_slice(), b"." | b".." | b".git" | b".gitignore") {
            return name;
        }
    }
}

/// A class in brackets that often matches a byte.
fn class(dice: &mut Dice, byte: u8) -> Vec<u8> {
    let (own, other) = ([byte], part(dice));
    let named = format!("[:{}:]", dice.one(&CLASSES));
    let around =
        [byte.saturating_sub(dice.below(4) as u8).max(1), b'-', byte.saturating_add(dice.below(4) as u8)];
    let inside: &[&[u8]] = match dice.below(11) {
        0 | 1 => &[&own],
        2 => &[other, &own],
        3 => &[&around],
        4 | 5 => &[named.as_bytes()],
        6 => &[b"]", &own],
        7 => &[&own, b"-"],
        8 => &[b"\\", &own, b"-", other],
        9 => &[b"A-Z", other],
        _ => &[named.as_bytes(), b"-", &own, b"[:", other, b"]"],
    };
    let negated: &[u8] = if dice.percent(25) { dice.one(&[b"!", b"^"]) } else { b"" };
    let end: &[u8] = if dice.percent(4) { b"" } else { b"]" };
    [b"[", negated, &inside.concat(), end].concat()
}

/// A name with wildcards in place of some of its bytes.
fn blurred(dice: &mut Dice, name: &[u8]) -> Vec<u8> {
    if dice.percent(20) {
        return dice.one(&[b"**".as_slice(), b"*"]).to_vec();
    }
    let rate = dice.one(&[0, 10, 30, 60]);
    let (mut pattern, mut rest) = (Vec::new(), name);
    while let [byte, after @ ..] = rest {
        rest = after;
        if !dice.percent(rate) {
            pattern.push(*byte);
            continue;
        }
        match dice.below(20) {
            0..=4 => {
                pattern.push(b'*');
                rest = &rest[dice.below(3).min(rest.len())..];
            }
            5..=8 => pattern.push(b'?'),
            9..=13 => pattern.extend(class(dice, *byte)),
            14 | 15 => pattern.extend([b'\\', *byte]),
            16 => pattern.extend(b"**"),
            17 => pattern.push(byte.to_ascii_uppercase()),
            18 => pattern.extend([b'{', *byte, b',', b'x', b'}']),
            _ => pattern.extend(part(dice)),
        }
    }
    pattern
}

/// A pattern about one of these paths.
pub fn pattern(dice: &mut Dice, paths: &[Vec<u8>]) -> Vec<u8> {
    let path = dice.one(paths);
    let names: Vec<&[u8]> = path.split(|byte| *byte == b'/').collect();
    let from = if dice.percent(30) { dice.below(names.len()) } else { 0 };
    let to = if dice.percent(60) { from + 1 + dice.below(names.len() - from) } else { names.len() };
    let blurred: Vec<Vec<u8>> = names[from..to].iter().map(|name| blurred(dice, name)).collect();
    let often = |dice: &mut Dice, chance, all: &[&'static str]| {
        if dice.percent(chance) { dice.one(all) } else { "" }
    };
    let negated = often(dice, 22, &["!"]);
    let start = often(dice, 20, &["/", "/", "**/", "//", "\\", "#"]);
    let end = often(dice, 40, &["/", "/", "/", "/**", "/*", "*", "//", "\\"]);
    let spaces = often(dice, 12, &[" ", "  ", "\\ ", "\\  ", "\t", "\0x"]);
    let joint = if dice.percent(3) { b"\\/".as_slice() } else { b"/" };
    let parts =
        [negated.as_bytes(), start.as_bytes(), &blurred.join(joint), end.as_bytes(), spaces.as_bytes()];
    parts.concat()
}

/// A rule file about these paths.
pub fn rules(dice: &mut Dice, paths: &[Vec<u8>]) -> Vec<u8> {
    let count = dice.one(&[1, 1, 2, 3, 4, 6, 9]);
    let mut lines: Vec<Vec<u8>> = (0..count).map(|_| pattern(dice, paths)).collect();
    if dice.percent(10) {
        let odd = ["", "#", "   ", "!", "/", "*", "!*/", "**", "/*", "!/a", "\\", "[", "!**/"];
        lines.insert(dice.below(lines.len() + 1), dice.one(&odd).into());
    }
    let end = dice.one(&[b"\n".as_slice(), b"\n", b"\n", b"\n", b"\r\n", b"\r"]);
    let mark = if dice.percent(5) { dice.one(&[b"\xef\xbb\xbf".as_slice(), b"\xff\xfe"]) } else { b"" };
    let last = if dice.percent(80) { end } else { b"" };
    [mark, &lines.join(end), last].concat()
}
