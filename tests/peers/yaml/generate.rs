//! Templates by chance: every feature of YAML that readers are known to read differently, mixed.

/// What is put into a text, or around it.
const PIECES: &[&str] = &[
    "\n",
    "\n  ",
    "\n    ",
    "\n- ",
    "\n  - ",
    "\n\n",
    "\r\n",
    "\r",
    "\t",
    " ",
    "  ",
    "\u{85}",
    "\u{2028}",
    "\u{2029}",
    "\u{feff}",
    "\u{a0}",
    "\u{7f}",
    "é",
    "😀",
    ": ",
    ":",
    " :",
    "? ",
    "?",
    "- ",
    "-",
    ", ",
    ",",
    "[",
    "]",
    "{",
    "}",
    "[]",
    "{}",
    "#",
    " #",
    " # x",
    "&a ",
    "&b ",
    "*a",
    "*b",
    "!Ref ",
    "!Sub ",
    "!!str ",
    "!!int ",
    "!!binary ",
    "!",
    "! ",
    "!<x> ",
    "|",
    ">",
    "|-",
    ">+",
    "|2",
    " |\n  x\n",
    " >\n  x\n   y\n\n  z\n",
    "'",
    "\"",
    "''",
    "\"\"",
    "'x'",
    "\"x\"",
    "\\",
    "\\n",
    "\\/",
    "\\N",
    "\\L",
    "\\_",
    "\\x41",
    "\\u0041",
    "\\ud83d",
    "\\\n",
    "%",
    "%YAML 1.1\n",
    "@",
    "`",
    "---",
    "\n---\n",
    "\n...\n",
    "<<: *a\n",
    "<<: [*a, *b]\n",
    "\n<<: *a\n",
    "<<",
    "=",
    "~",
    "null",
    "true",
    "True",
    "yes",
    "y",
    "on",
    "0",
    "1",
    "01",
    "0x1",
    "0o7",
    "1_0",
    "1:30",
    "1.0",
    "1e3",
    ".5",
    ".inf",
    "2012-10-17",
    "a",
    "b",
    "a: b",
    "a: &a {b: c}\n",
    "b: &b {d: e}\n",
    "x\n  y",
    "a: 1\n",
    "Type: AWS::Lambda::Function",
    "Code: x.zip",
];

const WORDS: &[&str] = &[
    "a",
    "b",
    "c",
    "Type",
    "Properties",
    "x.zip",
    "http://x/y?z=1#f",
    "a b",
    "a:b",
    "-x",
    ":x",
    "?x",
    "a#b",
    "a,b",
    "a[b]",
    "1",
    "0644",
    "yes",
    "~",
    "null",
    "1.5",
    "2012-10-17",
    "é",
    "a - b",
    "x=y",
    "${a}",
    "a?b",
    "<<",
    "=",
    "!",
    "%a",
    "%",
];

pub struct Generator(u64);

impl Generator {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).expect("31 bits") % limit
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }

    /// The `n`th text: one from the grammar, or a good template, with a few changes.
    pub fn text(&mut self, n: u64, good: &[String]) -> String {
        let mut text = String::new();
        if n.is_multiple_of(8) {
            text.push_str(&good[self.below(good.len())]);
        } else {
            if self.below(20) == 0 {
                text.push_str("---\n");
            }
            self.map(&mut text, 0, 3);
        }
        for _ in 0..self.below(4) {
            self.change(&mut text);
        }
        text
    }

    /// Inserts, removes or replaces a piece.
    fn change(&mut self, text: &mut String) {
        let places: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
        let first = self.below(places.len());
        let last = (first + self.below(4)).min(places.len() - 1);
        let piece = self.one(PIECES);
        match self.below(4) {
            0 => text.replace_range(places[first]..places[last], ""),
            1 => text.replace_range(places[first]..places[last], piece),
            _ => text.insert_str(places[first], piece),
        }
    }

    fn map(&mut self, text: &mut String, indent: usize, depth: usize) {
        for n in 0..=self.below(3) {
            let key = match self.below(12) {
                0 => format!("'{n}'"),
                1 => format!("\"k{n}\""),
                2 => self.one(WORDS).to_owned(),
                _ => format!("k{n}"),
            };
            let space = if self.below(12) == 0 { " " } else { "" };
            text.push_str(&format!("{}{key}{space}:", " ".repeat(indent)));
            self.value(text, indent, depth);
        }
    }

    /// A value after a key or a dash, and the end of its line.
    fn value(&mut self, text: &mut String, indent: usize, depth: usize) {
        let step = 1 + self.below(3);
        match self.below(if depth == 0 { 6 } else { 11 }) {
            0 => text.push('\n'),
            1 => {
                text.push(' ');
                self.flow(text, 2);
                text.push('\n');
            }
            2 => self.block(text, indent + step),
            3..=5 => {
                text.push(' ');
                self.scalar(text, indent + step);
                text.push_str(if self.below(8) == 0 { " # note\n" } else { "\n" });
            }
            6..=8 => {
                let properties = ["\n", "\n", "\n", " &a\n", " &b\n", " !Sub\n", " # note\n", "\n\n"];
                text.push_str(self.one(&properties));
                if self.below(10) == 0 {
                    text.push_str(&format!("{}<<: *a\n", " ".repeat(indent + step)));
                }
                self.map(text, indent + step, depth - 1);
            }
            _ => {
                text.push('\n');
                let indent = if self.below(3) == 0 { indent } else { indent + step };
                for _ in 0..=self.below(2) {
                    text.push_str(&format!("{}-", " ".repeat(indent)));
                    if self.below(3) == 0 {
                        let mut map = String::new();
                        self.map(&mut map, indent + 2, depth - 1);
                        text.push(' ');
                        text.push_str(map.trim_start());
                    } else {
                        self.value(text, indent, depth - 1);
                    }
                }
            }
        }
    }

    fn scalar(&mut self, text: &mut String, indent: usize) {
        let breaks = ["\n", "\n\n", "\r\n"];
        let between = if self.below(4) == 0 {
            let indent = if self.below(4) == 0 { self.below(3) } else { indent };
            format!("{}{}", self.one(&breaks), " ".repeat(indent))
        } else {
            " ".into()
        };
        let (first, second) = (self.one(WORDS), self.one(WORDS));
        match self.below(10) {
            0 => text.push_str(&format!("'{first}{between}{second}'")),
            1 => text.push_str(&format!("\"{first}{between}{second}\"")),
            2 => text.push_str(&format!("\"{}{between}{second}\"", self.one(PIECES))),
            3 => text.push_str(&format!("{first}{between}{second}")),
            4 => text.push_str("*a"),
            5 => text.push_str(&format!(
                "{}{first}",
                self.one(&["!Ref ", "!Sub ", "&a ", "&b ", "!!str ", "&a !Sub "])
            )),
            _ => text.push_str(first),
        }
    }

    fn block(&mut self, text: &mut String, indent: usize) {
        let header = ["|", ">", "|-", ">-", "|+", ">+", "|1", "|2", ">2-", "| # note"];
        text.push_str(&format!(" {}\n", self.one(&header)));
        for _ in 0..=self.below(4) {
            let more = self.below(3) * self.below(2);
            let line = ["a", "b c", "", "# x", "- d", "e: f", "\tg", "h\t", "  "];
            text.push_str(&format!("{}{}\n", " ".repeat(indent + more), self.one(&line)));
        }
        if self.below(6) == 0 {
            text.push_str(self.one(&["\n", " \n", "      \n", "# x\n"]));
        }
    }

    fn flow(&mut self, text: &mut String, depth: usize) {
        let gaps = ["", "", " ", "\n    ", " # note\n      ", "\n"];
        let is_list = self.below(2) == 0;
        text.push(if is_list { '[' } else { '{' });
        for n in 0..self.below(4) {
            if n > 0 {
                text.push_str(self.one(&[",", ", ", " , ", ",\n    "]));
            }
            text.push_str(self.one(&gaps));
            if !is_list {
                text.push_str(&match self.below(5) {
                    0 => format!("\"k{n}\":"),
                    1 => format!("'k{n}' : "),
                    2 => format!("{}: ", self.one(WORDS)),
                    _ => format!("k{n}: "),
                });
            }
            if depth > 0 && self.below(3) == 0 {
                self.flow(text, depth - 1);
            } else if self.below(10) > 0 {
                self.scalar(text, 4);
            }
        }
        text.push_str(self.one(&["", "", " ", ",", "\n    ", "\n"]));
        text.push(if is_list { ']' } else { '}' });
    }
}
