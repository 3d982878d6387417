//! Texts that are nearly right: a seed, bent a few times. Knows the shapes of JSON and of tokens, and nothing of what they
//! mean.

use std::{
    collections::BTreeSet,
    fmt, fs,
    ops::Range,
    path::{Path, PathBuf},
};

use proptest::{collection::vec, option, prelude::*, sample::Index, strategy::Union};

/// The longest text that is said, in bytes: under what a message may have, and long enough to be a nuisance.
const LONGEST: usize = 24 * 1024;

/// A good text, and the name of its file without the extension.
#[derive(Debug, Clone)]
pub(super) struct Seed {
    pub(super) name: String,
    pub(super) text: Vec<u8>,
}

/// A text that was a seed once.
#[derive(Clone)]
pub(super) struct Bent {
    /// The name of the seed.
    pub(super) seed: String,
    pub(super) text: Vec<u8>,
}

/// What texts are made of.
#[derive(Clone)]
pub(super) struct Dialect {
    /// Where the pieces of a text are that others may take the places of.
    pieces: fn(&[u8]) -> Vec<Range<usize>>,
    /// What may stand in the place of a piece.
    words: Vec<String>,
    /// What may stand in the place of a key.
    names: Vec<String>,
}

/// One way to spoil a text.
#[derive(Debug, Clone)]
enum Bend {
    Flip(Index, u8),
    Remove(Index, Index),
    Repeat(Index, Index, usize),
    Insert(Index, Index),
    /// Goes on as another seed does.
    Splice(Index, Index, Index),
    /// Puts a word in the place of a piece.
    Replace(Index, Index),
}

impl Seed {
    pub(super) fn as_text(&self) -> &str {
        std::str::from_utf8(&self.text).expect("a seed is text")
    }
}

/// The seeds of a folder whose files end in `.{extension}`, in order.
pub(super) fn seeds(folder: &str, extension: &str) -> Vec<Seed> {
    let folder: PathBuf = [env!("CARGO_MANIFEST_DIR"), "tests/server/torment/seeds", folder].iter().collect();
    let files = fs::read_dir(&folder).expect("the seeds").map(|entry| entry.expect("a file").path());
    let read = |path: PathBuf| {
        let name = path.file_stem().and_then(|stem| stem.to_str()).expect("a name").to_owned();
        Seed { name, text: fs::read(&path).expect("a file").trim_ascii_end().to_vec() }
    };
    let ends_so = |path: &PathBuf| Path::new(path).extension().is_some_and(|end| end == extension);
    let mut seeds: Vec<Seed> = files.filter(ends_so).map(read).collect();
    seeds.sort_by(|one, other| one.name.cmp(&other.name));
    assert!(!seeds.is_empty(), "no seeds in {}", folder.display());
    seeds
}

/// A seed that was bent up to five times; now and then, JSON that nobody wrote.
pub(super) fn bent(seeds: Vec<Seed>, dialect: Dialect) -> impl Strategy<Value = Bent> + use<> {
    let random = structured(&dialect);
    (any::<Index>(), vec(bend(), 0..6), option::weighted(0.1, random)).prop_map(move |(seed, bends, random)| {
        let Seed { name, text } = seed.get(&seeds);
        let bend = |text: Vec<u8>, bend: &Bend| {
            let bent = bend.of(&text, &seeds, &dialect);
            if bent.len() > LONGEST { text } else { bent }
        };
        let text = random.map_or_else(|| bends.iter().fold(text.clone(), bend), String::into_bytes);
        Bent { seed: name.clone(), text }
    })
}

fn bend() -> impl Strategy<Value = Bend> {
    let at = any::<Index>;
    prop_oneof![
        1 => (at(), 0_u8..8).prop_map(|(place, bit)| Bend::Flip(place, bit)),
        1 => (at(), at()).prop_map(|(from, to)| Bend::Remove(from, to)),
        1 => (at(), at(), 2_usize..40).prop_map(|(from, to, times)| Bend::Repeat(from, to, times)),
        1 => (at(), at()).prop_map(|(place, word)| Bend::Insert(place, word)),
        1 => (at(), at(), at()).prop_map(|(place, seed, from)| Bend::Splice(place, seed, from)),
        // Most texts stay well-formed, and come further than the first reader.
        8 => (at(), at()).prop_map(|(piece, word)| Bend::Replace(piece, word)),
    ]
}

impl Bend {
    fn of(&self, text: &[u8], seeds: &[Seed], dialect: &Dialect) -> Vec<u8> {
        let place = |index: &Index| index.index(text.len() + 1);
        let range = |from: &Index, to: &Index| place(from).min(place(to))..place(from).max(place(to));
        match self {
            Self::Flip(index, bit) => {
                let mut bytes = text.to_vec();
                if !bytes.is_empty() {
                    bytes[index.index(text.len())] ^= 1 << bit;
                }
                bytes
            }
            Self::Remove(from, to) => replaced(text, range(from, to), b""),
            Self::Repeat(from, to, times) => {
                let range = range(from, to);
                replaced(text, range.clone(), &text[range].repeat(*times))
            }
            Self::Insert(index, word) => {
                replaced(text, place(index)..place(index), word.get(&dialect.words).as_bytes())
            }
            Self::Splice(index, seed, from) => {
                let other = &seed.get(seeds).text;
                [&text[..place(index)], &other[from.index(other.len() + 1)..]].concat()
            }
            Self::Replace(piece, word) => {
                let pieces = (dialect.pieces)(text);
                if pieces.is_empty() {
                    return text.to_vec();
                }
                let piece = piece.get(&pieces).clone();
                let is_key = text[piece.end..].trim_ascii_start().starts_with(b":");
                let words = if is_key { &dialect.names } else { &dialect.words };
                replaced(text, piece, word.get(words).as_bytes())
            }
        }
    }
}

fn replaced(text: &[u8], range: Range<usize>, by: &[u8]) -> Vec<u8> {
    [&text[..range.start], by, &text[range.end..]].concat()
}

impl Dialect {
    /// JSON in which these names, and these values, mean something.
    pub(super) fn json(names: &[&str], values: &[&str]) -> Self {
        let nested = |depth| "[".repeat(depth) + &"]".repeat(depth);
        let words = [
            "null",
            "true",
            "false",
            "0",
            "-0",
            "-1",
            "1.0",
            "1.5",
            "2",
            "4e0",
            "99",
            "1e2",
            "1e999",
            "-1e300",
            "1E400",
            "9007199254740993",
            "18446744073709551615",
            "18446744073709551616",
            "-9223372036854775809",
            "01",
            "NaN",
            r#""""#,
            r#"" ""#,
            r#""\u0000""#,
            r#""\ud800""#,
            r#""\ud83c\udf7d""#,
            r#""\u202e""#,
            r#""ﬀ""#,
            r#""2""#,
            r#""null""#,
            r#""../x""#,
            r#""a/b""#,
            "{}",
            "[]",
            "[null]",
            "[{}]",
            r#"{"":null}"#,
            r#"{"x":0.5,"y":1}"#,
            r#""9999-12-31T23:59:60.9999999Z""#,
            r#""-9999-01-01T00:00:00Z""#,
            "\u{feff}",
            ",",
            "/**/",
        ];
        let long = [format!("\"{}\"", "x".repeat(300)), format!("[{}]", "0,".repeat(250) + "0")];
        let deep = [nested(98), nested(110), nested(4_000), "[".repeat(200)];
        let values = values.iter().map(|value| format!("\"{value}\""));
        // What means something is said as often as all that does not.
        let values: Vec<String> = values.collect();
        let often = values.iter().cycle().take(if values.is_empty() { 0 } else { words.len() }).cloned();
        let words = words.map(str::to_owned).into_iter().chain(long).chain(deep).chain(often).collect();
        let names = names.iter().map(|name| format!("\"{name}\"")).chain([r#""""#.into(), r#""\u0000""#.into()]);
        Self { pieces: json_pieces, words, names: names.collect() }
    }

    /// Every word.
    pub(super) fn words(&self) -> BTreeSet<&str> {
        self.words.iter().map(String::as_str).collect()
    }

    /// Tokens in which these parts mean something.
    pub(super) fn token(parts: Vec<String>) -> Self {
        let words = ["", ".", "..", "=", "==", "A", "-", "_", "+", "/", " ", "\t", "e30", "bnVsbA", "mtd_", "%2e", "ä"];
        Self { pieces: token_pieces, words: words.map(str::to_owned).into_iter().chain(parts).collect(), names: vec![] }
    }
}

/// Well-formed JSON, but for a word that is none.
fn structured(dialect: &Dialect) -> impl Strategy<Value = String> + use<> {
    let pick = |texts: &[String]| {
        let texts = if texts.is_empty() { vec!["0".to_owned()] } else { texts.to_vec() };
        prop::sample::select(texts)
    };
    let (leaf, name) = (pick(&dialect.words).boxed(), pick(&dialect.names).boxed());
    leaf.prop_recursive(3, 24, 6, move |inner| {
        let list = vec(inner.clone(), 0..4).prop_map(|items| format!("[{}]", items.join(",")));
        let object = vec((name.clone(), inner), 0..6).prop_map(|fields| {
            let fields: Vec<String> = fields.into_iter().map(|(name, value)| format!("{name}:{value}")).collect();
            format!("{{{}}}", fields.join(","))
        });
        Union::new_weighted(vec![(1, list.boxed()), (3, object.boxed())])
    })
}

/// The strings, numbers and literals of a text that may be JSON.
fn json_pieces(text: &[u8]) -> Vec<Range<usize>> {
    let (mut pieces, mut at) = (Vec::new(), 0);
    while at < text.len() {
        let start = at;
        at += 1;
        if text[start] == b'"' {
            while at < text.len() && text[at] != b'"' {
                at += 1 + usize::from(text[at] == b'\\');
            }
            at = (at + 1).min(text.len());
        } else if is_wordy(text[start]) {
            at += text[at..].iter().take_while(|byte| is_wordy(**byte)).count();
        } else {
            continue;
        }
        pieces.push(start..at);
    }
    pieces
}

fn is_wordy(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"+-.".contains(&byte)
}

/// What stands between the dots.
fn token_pieces(text: &[u8]) -> Vec<Range<usize>> {
    let mut start = 0;
    let parts = text.split(|byte| *byte == b'.').map(|part| {
        let piece = start..start + part.len();
        start = piece.end + 1;
        piece
    });
    parts.collect()
}

impl fmt::Debug for Bent {
    /// As it could be pasted into a file, as far as it is text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bent to {}", self.seed, String::from_utf8_lossy(&self.text).escape_debug())
    }
}

#[test]
fn the_pieces_of_a_text_are_its_words() {
    let json = br#"{"a\"b": [1.5e3, null,-2], "c":"\\"} "unended"#;
    let pieces: Vec<&[u8]> = json_pieces(json).into_iter().map(|piece| &json[piece]).collect();
    let expected: [&[u8]; 7] = [br#""a\"b""#, b"1.5e3", b"null", b"-2", br#""c""#, br#""\\""#, br#""unended"#];
    assert_eq!(pieces, expected);
    let token = b"ab..c";
    let pieces: Vec<&[u8]> = token_pieces(token).into_iter().map(|piece| &token[piece]).collect();
    assert_eq!(pieces, [b"ab".as_slice(), b"", b"c"]);
}
