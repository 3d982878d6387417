//! Tokens that someone else's key vouches for: JSON Web Tokens (RFC 7519). Each key is for one algorithm, and a token that
//! names another is refused, `none` first of all.

use std::{collections::BTreeSet, fmt, fs, path::Path};

use floor::Time;
use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, decode_header, encode,
    errors::ErrorKind,
    jwk::{AlgorithmParameters, EllipticCurve, JwkSet, KeyAlgorithm},
};
use serde::{Deserialize, Deserializer, Serialize};
use sha2::{Digest, Sha256};

use super::{Denied, Role, Scope};
use crate::config::{KeyFiles, MAX_TOKEN_BYTES, MIN_SECRET_BYTES};

/// What a token says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Claims {
    /// Who it is for: a person, a device, another system.
    pub sub: String,
    /// The restaurants that it lets into.
    pub restaurants: Restaurants,
    /// What its bearer is there.
    pub role: Role,
    /// When it expires, in seconds since 1970.
    #[serde(deserialize_with = "whole_seconds")]
    pub exp: u64,
}

/// The restaurants that a token lets into: a list of ids, or `"*"`, or a list with `"*"` in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Restaurants {
    One(String),
    Several(BTreeSet<String>),
}

/// The end of the year 9999, in seconds since 1970: a token that expires later expires then.
const LATEST_EXPIRY: u64 = 253_402_207_200;

/// A point on P-256, uncompressed, in bytes (SEC 1, section 2.3.3).
const P256_POINT_BYTES: usize = 65;

/// Keys that vouch for tokens.
#[derive(Default)]
pub struct Keys(Vec<Key>);

struct Key {
    /// Names it, whatever its file is called.
    thumbprint: Thumbprint,
    /// Its `kid`, where it comes with one.
    id: Option<String>,
    algorithm: Algorithm,
    key: DecodingKey,
}

/// A digest of a key.
pub(super) type Thumbprint = [u8; 32];

/// A token whose key and time were right.
#[derive(Debug)]
pub(super) struct Verified {
    pub(super) claims: Claims,
    pub(super) expires_at: Time,
    /// The key that vouches for it.
    pub(super) key: Thumbprint,
}

impl Keys {
    /// Reads keys from files.
    ///
    /// # Errors
    /// Which file can't be used, and why.
    pub fn read(files: &KeyFiles) -> Result<Self, String> {
        let mut keys = Vec::new();
        for path in &files.secrets {
            keys.push(read_file(path, read_secret)?);
        }
        for path in &files.public_keys {
            keys.push(read_file(path, read_public_key)?);
        }
        for path in &files.jwks {
            keys.extend(read_file(path, read_jwks)?);
        }
        Ok(Self(keys))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a key is still among them.
    pub(super) fn contain(&self, thumbprint: &Thumbprint) -> bool {
        self.0.iter().any(|key| key.thumbprint == *thumbprint)
    }

    /// Reads a token, and whether one of the keys vouches for it at this time.
    pub(super) fn verify(&self, token: &str, at: Time) -> Result<Verified, Denied> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(Denied::BadToken("is too long"));
        }
        let header = decode_header(token).map_err(|_| Denied::BadToken("is not one that is known here"))?;
        // What its issuer says must be understood, and is not, voids it (RFC 7515, section 4.1.11). We understand nothing of
        // the kind.
        if header.crit.is_some() {
            return Err(Denied::BadToken("asks for something that is not known here"));
        }
        let may_be = |key: &&Key| {
            let other = key.id.as_ref().zip(header.kid.as_ref()).is_some_and(|(ours, theirs)| ours != theirs);
            key.algorithm == header.alg && !other
        };
        let mut denied = Denied::BadToken("is signed by a key, or in a way, that does not count here");
        for key in self.0.iter().filter(may_be) {
            let mut rules = Validation::new(key.algorithm);
            // Checked below, against the clock that everything else goes by.
            rules.validate_exp = false;
            rules.required_spec_claims.clear();
            rules.validate_nbf = true;
            rules.leeway = 0;
            // An issuer may write one for other systems; who is let in where is said by `restaurants`.
            rules.validate_aud = false;
            match decode::<Claims>(token, &key.key, &rules) {
                Ok(data) => {
                    return data.claims.valid_at(at).map(|expires_at| Verified {
                        claims: data.claims,
                        expires_at,
                        key: key.thumbprint,
                    });
                }
                Err(error) => match error.kind() {
                    ErrorKind::InvalidSignature => {}
                    ErrorKind::ImmatureSignature => denied = Denied::BadToken("is not valid yet"),
                    _ => {
                        denied = Denied::BadToken(
                            "lacks a claim, or has one that can't be read: sub, restaurants, role, exp",
                        );
                    }
                },
            }
        }
        Err(denied)
    }
}

impl Claims {
    /// When the token expires; refused if that was before `at`.
    fn valid_at(&self, at: Time) -> Result<Time, Denied> {
        let microseconds = self.exp.min(LATEST_EXPIRY) as i64 * 1_000_000;
        let expires_at = Time::from_microseconds(microseconds).expect("it is in the years that a time can be in");
        if expires_at > at { Ok(expires_at) } else { Err(Denied::BadToken("has expired")) }
    }
}

/// RFC 7519 lets times have fractions.
fn whole_seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    f64::deserialize(deserializer).map(|seconds| seconds as u64)
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keys({})", self.0.len())
    }
}

impl From<Restaurants> for Scope {
    fn from(restaurants: Restaurants) -> Self {
        Self::of(match restaurants {
            Restaurants::One(id) => BTreeSet::from([id]),
            Restaurants::Several(ids) => ids,
        })
    }
}

/// Makes a token. The key is a secret's bytes or a private key in PEM, whichever it is.
///
/// # Errors
/// If the key can't sign.
pub fn mint(claims: &Claims, key: &SigningKey) -> Result<String, String> {
    let (algorithm, key) = match key {
        SigningKey::Secret(secret) => (Algorithm::HS256, EncodingKey::from_secret(secret)),
        SigningKey::Private(pem) => private_key(pem)?,
    };
    encode(&Header::new(algorithm), claims, &key).map_err(|error| format!("the key can't sign: {error}"))
}

/// What tokens are signed with.
pub enum SigningKey {
    /// A secret that the server knows, too (HS256).
    Secret(Vec<u8>),
    /// A private key in PEM, ES256 or Ed25519, whose public key the server knows.
    Private(Vec<u8>),
}

/// The bytes of a secret, as its file holds them but for white space around them.
///
/// # Errors
/// If it is too short to be one.
pub fn secret(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let secret = bytes.trim_ascii();
    if secret.starts_with(b"-----BEGIN") {
        return Err("is a key in PEM, not a secret".to_owned());
    }
    if secret.len() < MIN_SECRET_BYTES {
        return Err(format!("has {} bytes, too few for a secret: it takes {MIN_SECRET_BYTES}", secret.len()));
    }
    Ok(secret.to_owned())
}

fn read_file<T>(path: &Path, read: impl Fn(&[u8]) -> Result<T, String>) -> Result<T, String> {
    let bytes = fs::read(path).map_err(|error| format!("can't read {}: {error}", path.display()))?;
    read(&bytes).map_err(|why| format!("{} {why}", path.display()))
}

fn read_secret(bytes: &[u8]) -> Result<Key, String> {
    let secret = secret(bytes)?;
    Ok(Key::new(&secret, None, Algorithm::HS256, DecodingKey::from_secret(&secret)))
}

fn read_public_key(pem: &[u8]) -> Result<Key, String> {
    // A key on another curve is longer than P-256's, and would vouch for nothing.
    let is_p256 = |key: &DecodingKey| key.try_get_as_bytes().is_ok_and(|point| point.len() == P256_POINT_BYTES);
    let es256 = DecodingKey::from_ec_pem(pem).ok().filter(is_p256).map(|key| (Algorithm::ES256, key));
    let key = es256.or_else(|| DecodingKey::from_ed_pem(pem).ok().map(|key| (Algorithm::EdDSA, key)));
    let (algorithm, key) = key.ok_or("is not a public key in PEM, neither P-256 nor Ed25519")?;
    Ok(Key::new(pem, None, algorithm, key))
}

fn read_jwks(bytes: &[u8]) -> Result<Vec<Key>, String> {
    let set: JwkSet = serde_json::from_slice(bytes).map_err(|error| format!("is not a JSON Web Key Set: {error}"))?;
    let mut keys = Vec::new();
    for jwk in &set.keys {
        let named = jwk.common.key_algorithm;
        let algorithm = match &jwk.algorithm {
            AlgorithmParameters::EllipticCurve(curve) if curve.curve == EllipticCurve::P256 => Algorithm::ES256,
            AlgorithmParameters::OctetKeyPair(pair) if pair.curve == EllipticCurve::Ed25519 => Algorithm::EdDSA,
            // A set may hold keys for other purposes.
            _ => continue,
        };
        if named.is_some_and(|named| !matches!(named, KeyAlgorithm::ES256 | KeyAlgorithm::EdDSA)) {
            continue;
        }
        let key = DecodingKey::from_jwk(jwk).map_err(|error| format!("has a key that can't be used: {error}"))?;
        let text = serde_json::to_vec(jwk).map_err(|error| format!("has a key that can't be used: {error}"))?;
        keys.push(Key::new(&text, jwk.common.key_id.clone(), algorithm, key));
    }
    if keys.is_empty() {
        return Err("has no key for ES256 (P-256) or EdDSA (Ed25519)".to_owned());
    }
    Ok(keys)
}

fn private_key(pem: &[u8]) -> Result<(Algorithm, EncodingKey), String> {
    let es256 = EncodingKey::from_ec_pem(pem).map(|key| (Algorithm::ES256, key));
    let key = es256.or_else(|_| EncodingKey::from_ed_pem(pem).map(|key| (Algorithm::EdDSA, key)));
    key.map_err(|_| "it is not a private key in PEM (PKCS #8), neither P-256 nor Ed25519".to_owned())
}

impl Key {
    fn new(material: &[u8], id: Option<String>, algorithm: Algorithm, key: DecodingKey) -> Self {
        Self { thumbprint: Sha256::digest(material).into(), id, algorithm, key }
    }
}
