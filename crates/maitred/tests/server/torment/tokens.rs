//! Tokens: bent ones, and bent claims that are signed as they should be.

use std::{cell::RefCell, collections::BTreeSet, fmt, fs, sync::Arc};

use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use maitred::{
    access::{Claims, Keys, Restaurants, Role, SigningKey, mint},
    config::KeyFiles,
    dispatch::now,
};
use proptest::option;
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ED25519};
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::{Value, json, value::RawValue};

use super::{
    bending::{Dialect, Seed, bent, seeds},
    runtime, torment,
};
use crate::{
    access::{SECRET, ask},
    common::{Answer, Device, Http, RESTAURANT, TestServer, guests},
};

const CLAIMS: [&str; 10] = ["sub", "restaurants", "role", "exp", "nbf", "iat", "aud", "iss", "jti", "Role"];
const CLAIM_WORDS: [&str; 9] = ["x", RESTAURANT, "elsewhere", "*", "display", "host", "manager", "owner", "Owner"];
const HEADERS: [&str; 12] = ["alg", "typ", "kid", "crit", "b64", "jku", "jwk", "x5u", "x5c", "cty", "zip", "enc"];
const HEADER_WORDS: [&str; 9] = ["HS256", "HS512", "ES256", "EdDSA", "none", "hs256", "JWT", "one", "b64"];

/// The letters of base64url, in the order of what they stand for.
const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// A server that a secret and two public keys let into.
struct Scene {
    server: TestServer,
    http: Http,
    /// The tokens that count.
    good: BTreeSet<Vec<u8>>,
    /// A device that has joined; none after a case that broke.
    joined: Option<Device>,
}

/// Who comes in.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Verdict {
    In,
    /// The token counts, and is for other restaurants.
    Elsewhere,
    Out,
    /// The rules leave it open.
    Either,
}

#[test]
fn a_token_lets_in_as_it_was_made_and_not_otherwise() {
    let (runtime, mut seeds) = (runtime(), seeds("tokens", "jwt"));
    let (scene, made) = runtime.block_on(Scene::open(&seeds));
    seeds.extend(made);
    let scene = RefCell::new(scene);
    let play = |token: &[u8]| runtime.block_on(scene.borrow_mut().show(token));
    seeds.iter().for_each(|seed| play(&seed.text));
    let parts: BTreeSet<String> = seeds.iter().flat_map(|seed| seed.as_text().split('.').map(str::to_owned)).collect();
    let dialect = Dialect::token(parts.into_iter().collect());
    torment(500, &bent(seeds, dialect), |bent| play(&bent.text));
}

#[test]
fn nothing_stands_beside_a_token_but_blanks() {
    let (runtime, seeds) = (runtime(), seeds("tokens", "jwt"));
    let (mut scene, _) = runtime.block_on(Scene::open(&seeds));
    for token in scene.good.clone() {
        for more in ["=", "==", ".", ".A", "A", ",", ";", "%20", " ", "\t", " A", "\n", "\0", "\u{a0}", "\u{feff}"] {
            runtime.block_on(scene.show(&[&token, more.as_bytes()].concat()));
            runtime.block_on(scene.show(&[more.as_bytes(), &token].concat()));
        }
    }
}

#[test]
fn no_letter_at_the_end_of_a_part_can_be_another() {
    let (runtime, seeds) = (runtime(), seeds("tokens", "jwt"));
    let (mut scene, _) = runtime.block_on(Scene::open(&seeds));
    for token in scene.good.clone() {
        let dots = (0..token.len()).filter(|index| token[*index] == b'.');
        for end in dots.chain([token.len()]) {
            for letter in LETTERS {
                let mut other = token.clone();
                other[end - 1] = *letter;
                runtime.block_on(scene.ask(&other));
            }
        }
    }
}

#[test]
fn what_a_token_says_is_judged_by_what_it_must_say() {
    let (runtime, claims, headers) = (runtime(), seeds("tokens", "claims"), seeds("tokens", "header"));
    let (scene, _) = runtime.block_on(Scene::open(&seeds("tokens", "jwt")));
    let http = RefCell::new(runtime.block_on(scene.server.http()));
    let play = |header: &[u8], claims: &[u8]| {
        let token = signed(header, claims);
        let path = guests();
        let answer = runtime.block_on(ask(&mut http.borrow_mut(), Some(&token), "GET", &path, &json!(null)));
        let expected: &[u16] = match judged(header, claims) {
            // A head has its limits, too.
            _ if token.len() > 8 * 1024 => &[401, 431],
            Verdict::In => &[200],
            Verdict::Elsewhere => &[403],
            Verdict::Out => &[401],
            Verdict::Either => &[200, 401, 403],
        };
        let said = format!("{} {}", String::from_utf8_lossy(header), String::from_utf8_lossy(claims));
        assert!(expected.contains(&answer.status.as_u16()), "{}, not {expected:?}, for {said}", answer.status);
        is_silent_about(&answer, token.as_bytes());
    };
    let plain = headers.iter().find(|seed| seed.name == "plain").expect("a header").text.clone();
    claims.iter().for_each(|claims| play(&plain, &claims.text));
    let whole = claims.iter().find(|seed| seed.name == "whole").expect("claims").text.clone();
    headers.iter().for_each(|header| play(&header.text, &whole));
    let claims = bent(claims, Dialect::json(&CLAIMS, &CLAIM_WORDS));
    let header = option::weighted(0.3, bent(headers, Dialect::json(&HEADERS, &HEADER_WORDS)));
    torment(600, &(claims, header), |(claims, header)| {
        play(header.map_or_else(|| plain.clone(), |header| header.text).as_slice(), &claims.text);
    });
}

impl Scene {
    /// The server, and tokens of each of its public keys.
    async fn open(seeds: &[Seed]) -> (Self, Vec<Seed>) {
        let folder = tempfile::tempdir().expect("a folder");
        let file = |name: &str, bytes: &[u8]| {
            fs::write(folder.path().join(name), bytes).expect("a file");
            folder.path().join(name)
        };
        let mut files = KeyFiles { secrets: vec![file("secret", SECRET)], ..KeyFiles::default() };
        let mut made = Vec::new();
        for (name, algorithm) in [("es256", &PKCS_ECDSA_P256_SHA256), ("ed25519", &PKCS_ED25519)] {
            let pair = KeyPair::generate_for(algorithm).expect("a key pair");
            files.public_keys.push(file(name, pair.public_key_pem().as_bytes()));
            let restaurants = Restaurants::One("*".to_owned());
            let claims = Claims { sub: name.to_owned(), restaurants, role: Role::Owner, exp: 253_402_207_199 };
            let token = mint(&claims, &SigningKey::Private(pair.serialize_pem().into_bytes())).expect("a token");
            made.push(Seed { name: name.to_owned(), text: token.into_bytes() });
        }
        let keys = Keys::read(&files).expect("keys");
        let server = TestServer::start_with(|config| config.keys = Arc::new(keys)).await;
        let http = server.http().await;
        let committed = seeds.iter().filter(|seed| seed.name == "good");
        let good = committed.chain(&made).map(|seed| seed.text.clone()).collect();
        (Self { server, http, good, joined: None }, made)
    }

    /// Shows a token in the head of a request, where it can stand in one.
    async fn ask(&mut self, token: &[u8]) {
        let Some(token) = std::str::from_utf8(token).ok().filter(|token| is_visible(token)) else { return };
        let answer = ask(&mut self.http, Some(token), "GET", &guests(), &json!(null)).await;
        // Blanks around a token are none of it.
        let expected = if self.good.contains(token.trim().as_bytes()) { 200 } else { 401 };
        is_silent_about(&answer, token.as_bytes());
        assert_eq!(answer.status, expected, "{token:?}: {}", answer.text);
        if expected == 401 {
            answer.problem(401, "unauthorized");
        }
    }

    /// Shows a token wherever one can be shown.
    async fn show(&mut self, token: &[u8]) {
        self.ask(token).await;
        let token = String::from_utf8_lossy(token);
        let counts = self.good.contains(token.as_bytes());
        let join = json!({ "type": "restaurant_connect", "restaurant_id": RESTAURANT, "token": token });
        let mut bare = Device::connect(self.server.address, "").await;
        bare.say(join.clone()).await;
        if counts {
            bare.expect("restaurant_connect").await;
        } else {
            denied(&mut bare, &token).await;
            assert_eq!(bare.expect_bye("not_allowed").await, 1008);
        }
        // One that has joined already stays, whatever it shows.
        let mut joined = match self.joined.take() {
            Some(joined) => joined,
            None => self.join().await,
        };
        joined.say(join).await;
        if !counts {
            denied(&mut joined, &token).await;
        }
        joined.expect("restaurant_connect").await;
        joined.expect_silence().await;
        self.joined = Some(joined);
    }

    async fn join(&self) -> Device {
        let good = String::from_utf8(self.good.first().expect("one").clone()).expect("text");
        let query = format!("?restaurant_id={RESTAURANT}");
        let mut device = Device::connect_as(self.server.address, &query, Some(&good)).await;
        device.expect("restaurant_connect").await;
        device
    }
}

async fn denied(device: &mut Device, token: &str) {
    let error = device.expect("error").await;
    assert_eq!(error["code"], "unauthorized", "{error}");
    assert!(!echoes(&error.to_string(), token), "{error}");
}

fn is_silent_about(answer: &Answer, token: &[u8]) {
    let heard = format!("{:?} {}", answer.headers, answer.text);
    assert!(!echoes(&heard, &String::from_utf8_lossy(token)), "{heard}");
}

/// Whether enough of a token is in a text to be no accident.
fn echoes(heard: &str, token: &str) -> bool {
    token.split('.').any(|part| part.len() >= 12 && heard.contains(part))
}

/// Whether a text can be the value of a header.
fn is_visible(text: &str) -> bool {
    text.bytes().all(|byte| byte == b'\t' || (b' '..=b'~').contains(&byte))
}

fn signed(header: &[u8], claims: &[u8]) -> String {
    let message = format!("{}.{}", base64url(header), base64url(claims));
    let signature = crypto::sign(message.as_bytes(), &EncodingKey::from_secret(SECRET), Algorithm::HS256);
    format!("{message}.{}", signature.expect("a signature"))
}

fn base64url(bytes: &[u8]) -> String {
    let letters = bytes.chunks(3).flat_map(|chunk| {
        let bits = (0..3).fold(0, |bits, index| bits << 8 | usize::from(chunk.get(index).copied().unwrap_or_default()));
        (0..=chunk.len()).map(move |index| char::from(LETTERS[bits >> (18 - 6 * index) & 63]))
    });
    letters.collect()
}

/// Who comes in with these claims under this header, both signed.
fn judged(header: &[u8], claims: &[u8]) -> Verdict {
    match (judged_header(header), judged_claims(claims)) {
        (Verdict::Out, _) | (_, Verdict::Out) => Verdict::Out,
        (Verdict::Either, _) => Verdict::Either,
        (_, verdict) => verdict,
    }
}

/// RFC 7515, section 4.1: the algorithm is that of the key, and nothing must be understood that is not.
fn judged_header(header: &[u8]) -> Verdict {
    let Ok(Fields(fields)) = serde_json::from_slice(header) else { return Verdict::Out };
    if !is_unique(&fields, &HEADERS) {
        return Verdict::Either;
    }
    let Ok(header) = serde_json::from_slice::<Value>(header) else { return Verdict::Either };
    if header["alg"] != "HS256" || header["crit"].is_array() {
        return Verdict::Out;
    }
    let others = ["crit", "jku", "jwk", "x5u", "x5c", "x5t", "cty", "zip", "enc", "url", "nonce"];
    let is_plain = others.iter().all(|name| header.get(name).is_none())
        && ["typ", "kid"].iter().all(|name| header.get(name).is_none_or(Value::is_string));
    if is_plain { Verdict::In } else { Verdict::Either }
}

fn judged_claims(claims: &[u8]) -> Verdict {
    let Ok(Fields(fields)) = serde_json::from_slice(claims) else {
        // What is in a claim that nobody reads may be anything.
        return if std::str::from_utf8(claims).is_ok() { Verdict::Out } else { Verdict::Either };
    };
    if !is_unique(&fields, &CLAIMS) {
        return Verdict::Either;
    }
    let claim = |name: &str| fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.get());
    let read = |name: &str| claim(name).and_then(|text| serde_json::from_str::<Value>(text).ok()).unwrap_or_default();
    if ["aud", "iss"].iter().any(|name| claim(name).is_some() && read(name).is_null()) {
        return Verdict::Either;
    }
    let restaurants: Option<Vec<Value>> = match read("restaurants") {
        Value::String(id) => Some(vec![id.into()]),
        Value::Array(ids) if ids.iter().all(Value::is_string) => Some(ids),
        _ => None,
    };
    let seconds = now().as_microseconds() as f64 / 1e6;
    let (exp, nbf) = (read("exp").as_f64(), read("nbf").as_f64());
    let is_role = ["display", "host", "manager", "owner"].map(Value::from).contains(&read("role"));
    let is_whole = read("sub").is_string() && is_role && (claim("nbf").is_none() || nbf.is_some());
    let (Some(restaurants), Some(exp), true) = (restaurants, exp, is_whole) else { return Verdict::Out };
    // The clock goes on while the token is under way; and a time before 1970 is one that nobody writes.
    let is_near = |time: f64| (time - seconds).abs() < 60.0;
    if is_near(exp) || nbf.is_some_and(|nbf| is_near(nbf) || nbf < 0.0) {
        return Verdict::Either;
    }
    if exp < seconds || nbf.is_some_and(|nbf| nbf > seconds) {
        return Verdict::Out;
    }
    let is_ours = restaurants.iter().any(|id| *id == RESTAURANT || *id == "*");
    if is_ours { Verdict::In } else { Verdict::Elsewhere }
}

/// Whether none of these names is said twice: which of the two counts is nobody's business.
fn is_unique(fields: &[(String, Box<RawValue>)], names: &[&str]) -> bool {
    names.iter().all(|name| fields.iter().filter(|(key, _)| key == name).count() < 2)
}

/// The fields of a JSON object as they stand there, repeated ones among them.
struct Fields(Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Fields(Vec::new()))
    }
}

impl<'de> Visitor<'de> for Fields {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut fields: A) -> Result<Self, A::Error> {
        while let Some(field) = fields.next_entry()? {
            self.0.push(field);
        }
        Ok(self)
    }
}

#[test]
fn bytes_are_written_as_rfc_4648_says() {
    for (bytes, expected) in
        [("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("~~>", "fn4-")]
    {
        assert_eq!(base64url(bytes.as_bytes()), expected);
    }
}
