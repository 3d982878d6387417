//! Tokens of each kind of key, and the keys themselves.

use std::{fs, path::Path, sync::Arc};

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, encode, jwk::Jwk};
use maitred::{
    access::{Claims, Keys, Restaurants, Role, SigningKey, mint},
    config::KeyFiles,
    dispatch::now,
};
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519, SignatureAlgorithm};
use serde_json::{Value, json};

use super::{SECRET, ask, guarded_server, token};
use crate::{
    common::{RESTAURANT, TestServer, guests},
    program::{Program, Serving, folder},
};

fn claims() -> Claims {
    let exp = now().as_microseconds().unsigned_abs() / 1_000_000 + 600;
    Claims { sub: "x".to_owned(), restaurants: Restaurants::One("*".to_owned()), role: Role::Host, exp }
}

/// A key pair: the private and the public half, in PEM.
fn pair(algorithm: &'static SignatureAlgorithm) -> (Vec<u8>, Vec<u8>) {
    let pair = KeyPair::generate_for(algorithm).expect("a key pair");
    (pair.serialize_pem().into_bytes(), pair.public_key_pem().into_bytes())
}

fn read(change: impl FnOnce(&Path, &mut KeyFiles)) -> Result<Keys, String> {
    let folder = tempfile::tempdir().expect("a folder");
    let mut files = KeyFiles::default();
    change(folder.path(), &mut files);
    Keys::read(&files)
}

fn public_key(pem: &[u8]) -> Result<Keys, String> {
    read(|folder, files| {
        files.public_keys = vec![folder.join("public.pem")];
        fs::write(&files.public_keys[0], pem).expect("a file");
    })
}

fn key_set(set: &Value) -> Result<Keys, String> {
    read(|folder, files| {
        files.jwks = vec![folder.join("keys.json")];
        fs::write(&files.jwks[0], set.to_string()).expect("a file");
    })
}

async fn status(server: &TestServer, token: &str) -> u16 {
    ask(&mut server.http().await, Some(token), "GET", &guests(), &json!(null)).await.status.as_u16()
}

#[tokio::test]
async fn a_public_key_vouches_for_what_its_private_half_signs_and_for_nothing_else() {
    for algorithm in [&PKCS_ECDSA_P256_SHA256, &PKCS_ED25519] {
        let (private, public) = pair(algorithm);
        let server = TestServer::start_with(|config| {
            config.keys = Arc::new(public_key(&public).expect("a key"));
        })
        .await;
        let good = mint(&claims(), &SigningKey::Private(private)).expect("a token");
        assert_eq!(status(&server, &good).await, 200);
        let (stranger, _) = pair(algorithm);
        assert_eq!(status(&server, &mint(&claims(), &SigningKey::Private(stranger)).expect("a token")).await, 401);
        // Whoever knows the public key could sign with it as if it were a secret.
        let confused = encode(&Header::new(Algorithm::HS256), &claims(), &EncodingKey::from_secret(&public));
        assert_eq!(status(&server, &confused.expect("a token")).await, 401);
    }
}

#[tokio::test]
async fn a_key_set_vouches_by_each_of_its_keys() {
    let jwk = |public: &[u8], algorithm, id: &str| {
        let key = match algorithm {
            Algorithm::ES256 => DecodingKey::from_ec_pem(public),
            _ => DecodingKey::from_ed_pem(public),
        };
        let mut jwk = Jwk::from_decoding_key(&key.expect("a key"), Some(algorithm)).expect("a public key");
        jwk.common.key_id = Some(id.to_owned());
        serde_json::to_value(jwk).expect("JSON")
    };
    let ((one, one_public), (other, other_public)) = (pair(&PKCS_ECDSA_P256_SHA256), pair(&PKCS_ED25519));
    let set = json!({ "keys": [
        jwk(&one_public, Algorithm::ES256, "one"),
        jwk(&other_public, Algorithm::EdDSA, "other"),
        { "kty": "RSA", "n": "AQAB", "e": "AQAB" },
    ] });
    let server = TestServer::start_with(|config| config.keys = Arc::new(key_set(&set).expect("keys"))).await;
    for private in [&one, &other] {
        assert_eq!(
            status(&server, &mint(&claims(), &SigningKey::Private(private.clone())).expect("a token")).await,
            200
        );
    }
    let named = |id: &str| {
        let header = Header { kid: Some(id.to_owned()), ..Header::new(Algorithm::ES256) };
        encode(&header, &claims(), &EncodingKey::from_ec_pem(&one).expect("a key")).expect("a token")
    };
    assert_eq!(status(&server, &named("one")).await, 200);
    assert_eq!(status(&server, &named("another")).await, 401);
}

#[test]
fn a_file_that_holds_no_key_is_told_with_its_name() {
    let cases = [
        (public_key(b"hello").err(), "public.pem is not a public key"),
        (public_key(&pair(&PKCS_ECDSA_P384_SHA384).1).err(), "public.pem is not a public key"),
        (key_set(&json!({ "keys": [] })).err(), "keys.json has no key"),
        (key_set(&json!([])).err(), "keys.json is not a JSON Web Key Set"),
        (read(|folder, files| files.secrets = vec![folder.join("missing")]).err(), "missing: No such file"),
    ];
    for (error, expected) in cases {
        assert!(error.as_ref().is_some_and(|error| error.contains(expected)), "{error:?} lacks {expected:?}");
    }
    let short = read(|folder, files| {
        files.secrets = vec![folder.join("short")];
        fs::write(&files.secrets[0], "too short").expect("a file");
    });
    assert!(short.is_err_and(|error| error.contains("has 9 bytes")));
}

#[tokio::test]
async fn a_token_says_everything_that_it_must_and_says_it_right() {
    let server = guarded_server().await;
    let exp = now().as_microseconds() / 1_000_000 + 600;
    let whole = json!({ "sub": "x", "restaurants": [RESTAURANT], "role": "host", "exp": exp });
    let sign = |claims: &Value| {
        encode(&Header::new(Algorithm::HS256), claims, &EncodingKey::from_secret(SECRET)).expect("a token")
    };
    assert_eq!(status(&server, &sign(&whole)).await, 200);
    for (claim, value, expected) in [
        ("sub", Value::Null, 401),
        ("sub", json!(7), 401),
        ("role", Value::Null, 401),
        ("role", json!("waiter"), 401),
        ("role", json!("Owner"), 401),
        ("restaurants", Value::Null, 401),
        ("restaurants", json!([]), 403),
        ("restaurants", json!(RESTAURANT), 200),
        ("restaurants", json!(["elsewhere", "*"]), 200),
        ("exp", Value::Null, 401),
        ("exp", json!("tomorrow"), 401),
        ("exp", json!(exp as f64 + 0.5), 200),
        ("exp", json!(1e300), 200),
        ("exp", json!(-1), 401),
        ("nbf", json!(exp), 401),
        ("nbf", json!(1), 200),
        ("aud", json!("another system"), 200),
        ("constructor", json!({}), 200),
    ] {
        let mut claims = whole.clone();
        claims[claim] = value;
        if claims[claim].is_null() {
            claims.as_object_mut().expect("an object").remove(claim);
        }
        assert_eq!(status(&server, &sign(&claims)).await, expected, "{claims}");
    }
}

#[tokio::test]
async fn whoever_comes_with_another_scheme_comes_without_a_token() {
    let server = guarded_server().await;
    let good = token(Role::Host, &[RESTAURANT], 600);
    let mut http = server.http().await;
    for (value, expected) in [
        (format!("Bearer {good}"), 200),
        (format!("bearer  {good}"), 200),
        (format!("Basic {good}"), 401),
        (good.clone(), 401),
        ("Bearer".to_owned(), 401),
        (format!("Bearer {}", "x".repeat(20_000)), 401),
    ] {
        let answer = http.send("GET", &guests(), &[("authorization", &value)], "").await;
        assert_eq!(answer.status.as_u16(), expected, "{value:.40}");
    }
    let query = format!("{}?token={good}", guests());
    http.get(&query).await.problem(401, "unauthorized");
}

#[tokio::test]
async fn an_address_that_others_can_reach_takes_a_key_or_an_open_door() {
    let (folder, _) = folder();
    let ended = Program::maitred(folder.path(), &["serve", "--listen", "0.0.0.0:0"]).ended().await;
    assert!(!ended.status.success());
    for words in ["others can reach", "maitred secret", "--token-secret-file", "--open"] {
        assert!(ended.stderr.contains(words), "{words}: {}", ended.stderr);
    }
    let demo = Program::maitred(folder.path(), &["demo", "--listen", "0.0.0.0:0"]).ended().await;
    assert!(!demo.status.success() && demo.stderr.contains("--open"), "{}", demo.stderr);
    let both = ["serve", "--open", "--token-secret-file", "x"];
    assert!(!Program::maitred(folder.path(), &both).ended().await.status.success());
    let open = Program::maitred(folder.path(), &["serve", "--listen", "0.0.0.0:0", "--open"]);
    Serving::listening(open).await;
}

#[tokio::test]
async fn the_command_line_makes_secrets_and_tokens_that_let_in() {
    let (folder, _) = folder();
    let run = async |arguments: &[&str]| Program::maitred(folder.path(), arguments).ended().await;
    let made = run(&["secret", "maitred.secret"]).await;
    assert!(made.status.success() && made.stdout.contains("maitred.secret"), "{}", made.stderr);
    assert!(!run(&["secret", "maitred.secret"]).await.status.success(), "never over another one");
    let minted = run(&[
        "token",
        "--token-secret-file",
        "maitred.secret",
        "--role",
        "display",
        "--restaurant",
        "bistro",
        "--subject",
        "kitchen",
    ])
    .await;
    assert!(minted.status.success(), "{}", minted.stderr);
    let token = minted.stdout.trim();
    let arguments =
        ["serve", "--listen", "127.0.0.1:0", "--restaurant", "bistro", "--token-secret-file", "maitred.secret"];
    let serving = Serving::listening(Program::maitred(folder.path(), &arguments)).await;
    let mut http = crate::common::Http::connect(serving.address).await;
    let guests = "/restaurants/bistro/guests";
    ask(&mut http, Some(token), "GET", guests, &json!(null)).await.ok();
    ask(&mut http, Some(token), "POST", guests, &json!({})).await.problem(403, "forbidden");
    http.get(guests).await.problem(401, "unauthorized");
    let url = serving.url();
    let refused = run(&["tail", "bistro", "--url", &url]).await;
    assert!(!refused.status.success() && refused.stderr.contains("--token"), "{}", refused.stderr);
    let mut tail =
        Program::maitred_with(folder.path(), &["tail", "bistro", "--url", &url], &[("MAITRED_TOKEN", token)]);
    assert!(tail.line().await.is_some_and(|line| line.contains("connected to bistro")));
    let missing = run(&["token", "--token-secret-file", "nowhere", "--role", "host"]).await;
    assert!(!missing.status.success() && missing.stderr.contains("maitred secret nowhere"), "{}", missing.stderr);
}
