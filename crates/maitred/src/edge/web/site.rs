//! The files of the host stand, ready to be sent: which of the folder's they are, the version that names them all, what is
//! filled into those that name others, and what each may load. Knows nothing of requests.

use std::{borrow::Cow, collections::BTreeMap, io::Write};

use base64::{
    Engine,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use rust_embed::Embed;
use serde_json::json;
use sha2::{Digest, Sha256};

/// What a browser is sent. Tests, tools and what they need stay out, and what is only types.
#[derive(Embed)]
#[folder = "../../web"]
#[include = "index.html"]
#[include = "manifest.webmanifest"]
#[include = "service-worker.js"]
#[include = "app/**/*.css"]
#[include = "app/**/*.js"]
#[exclude = "app/floor/types.js"]
#[include = "icons/*.png"]
#[include = "icons/*.svg"]
#[include = "vendor/*.js"]
#[include = "vendor/LICENSE*"]
struct Folder;

const DOCUMENT: &str = "index.html";
const MANIFEST: &str = "manifest.webmanifest";

/// The script that keeps the app where there is no network.
pub(super) const WORKER: &str = "service-worker.js";

/// How much of a digest names a version: 72 bits, more than two versions will ever share by chance.
const VERSION_BYTES: usize = 9;

/// All files.
pub(super) struct Site {
    /// Names the whole: it is another as soon as any file is.
    pub(super) version: String,
    /// What names the others. It has an address of its own.
    pub(super) document: Option<File>,
    /// All others, by their paths.
    pub(super) files: BTreeMap<String, File>,
}

/// A file as it is sent.
pub(super) struct File {
    pub(super) plain: Bytes,
    /// None where it would not be smaller.
    pub(super) gzipped: Option<Bytes>,
    /// Names the content, however it is encoded: hence it is a weak one.
    pub(super) tag: HeaderValue,
    /// What it is always sent with.
    pub(super) headers: HeaderMap,
}

impl Site {
    /// Reads the files: out of the binary, or out of the folder where the build is not one for release.
    pub(super) fn read() -> Self {
        Self::of(Folder::iter().filter_map(|path| Some((path.to_string(), Folder::get(&path)?.data))).collect())
    }

    fn of(sources: BTreeMap<String, Cow<'_, [u8]>>) -> Self {
        let version = version(&sources);
        let address = |path: &str| format!("/web/{version}/{path}");
        let named = || sources.keys().filter(|path| ![DOCUMENT, WORKER].contains(&path.as_str()));
        // The browser asks for all modules at once, instead of finding out one by one what each needs.
        let preloads = named().filter(|path| path.ends_with(".js"));
        let preloads = preloads.map(|path| format!("<link rel=\"modulepreload\" href=\"{}\">", address(path)));
        let preloads = preloads.collect::<Vec<_>>().join("\n");
        let kept: Vec<String> = ["/".to_owned()].into_iter().chain(named().map(|path| address(path))).collect();
        let kept = json!(kept).to_string();
        let file = |path: &str, source: &[u8]| {
            let text = || String::from_utf8_lossy(source).replace("{{version}}", &version);
            match path {
                DOCUMENT => {
                    let html = text().replace("{{modulepreload}}", &preloads);
                    let policy = document_policy(&html);
                    File::new(path, html.into(), &[(header::CONTENT_SECURITY_POLICY, &policy)])
                }
                WORKER => {
                    let allowed = HeaderName::from_static("service-worker-allowed");
                    let headers = [(header::CONTENT_SECURITY_POLICY, WORKER_POLICY), (allowed, "/")];
                    File::new(path, text().replace("{{files}}", &kept).into(), &headers)
                }
                MANIFEST => File::new(path, text().into(), &[]),
                _ => File::new(path, source.to_vec().into(), &[]),
            }
        };
        let mut files: BTreeMap<String, File> =
            sources.iter().map(|(path, source)| (path.clone(), file(path, source))).collect();
        let document = files.remove(DOCUMENT);
        Self { version, document, files }
    }
}

fn version(sources: &BTreeMap<String, Cow<'_, [u8]>>) -> String {
    let mut digest = Sha256::new();
    for (path, source) in sources {
        // Digests are all of one length, so that nothing can move from one to the other unseen.
        digest.update(Sha256::digest(path));
        digest.update(Sha256::digest(source));
    }
    BASE64_URL_SAFE_NO_PAD.encode(&digest.finalize()[..VERSION_BYTES])
}

/// The document loads what is the server's own, and runs no script in it but its import map. Whatever becomes markup or a
/// script's address has gone through Lit, or through the app's own policy for its worker.
fn document_policy(html: &str) -> String {
    let after = html.split_once("<script type=\"importmap\">").map_or("", |(_, after)| after);
    let import_map = after.split_once("</script>").map_or("", |(map, _)| map);
    let hash = BASE64_STANDARD.encode(Sha256::digest(import_map));
    format!(
        "default-src 'none'; script-src 'self' 'sha256-{hash}'; style-src 'self'; img-src 'self'; font-src 'self'; \
         connect-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types lit-html maitred"
    )
}

/// What the worker fetches counts as its own, whichever page asked; without a policy of its own it could fetch nothing.
const WORKER_POLICY: &str = "default-src 'none'; script-src 'self'; connect-src 'self'; frame-ancestors 'none'";

impl File {
    fn new(path: &str, plain: Bytes, more: &[(HeaderName, &str)]) -> Self {
        let kind = content_type(path);
        let more = more.iter().map(|(name, value)| {
            (name.clone(), HeaderValue::from_str(value).expect("a policy of visible ASCII is a header"))
        });
        let mut headers: HeaderMap = more.collect();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        // A new policy is news, too, even if it comes with an old text.
        let policy = headers.get(header::CONTENT_SECURITY_POLICY).map_or(&b""[..], HeaderValue::as_bytes);
        let digest = Sha256::new().chain_update(policy).chain_update(&plain).finalize();
        let tag = format!("W/\"{}\"", BASE64_URL_SAFE_NO_PAD.encode(digest));
        let tag = HeaderValue::try_from(tag).expect("letters in quotes are a header");
        headers.insert(header::ETAG, tag.clone());
        let gzipped = (kind != "image/png").then(|| gzip(&plain));
        Self { plain, gzipped, tag, headers }
    }
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "webmanifest" => "application/manifest+json",
        // Licences, whatever they are called.
        _ => "text/plain; charset=utf-8",
    }
}

fn gzip(plain: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    let written = encoder.write_all(plain).and_then(|()| encoder.finish());
    written.expect("a vector takes all that is written to it").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HTML: &str = "<script type=\"importmap\">{\"imports\":{\"lit\":\"/web/{{version}}/vendor/lit.js\"}}</script>\n\
                        {{modulepreload}}\n<script type=\"module\" src=\"/web/{{version}}/app/a.js\"></script>";

    fn site(changes: &[(&str, &'static str)]) -> Site {
        let files = [
            (DOCUMENT, HTML),
            (WORKER, "const files = {{files}}; // {{version}}"),
            (MANIFEST, "{\"icons\":[{\"src\":\"/web/{{version}}/icons/i.svg\"}]}"),
            ("app/a.js", "import 'lit';"),
            ("app/a.css", "a {}"),
            ("vendor/lit.js", "{{version}}"),
            ("icons/i.svg", "<svg/>"),
        ];
        let files = files.iter().chain(changes).map(|(path, text)| ((*path).to_owned(), text.as_bytes().into()));
        Site::of(files.collect())
    }

    fn text(file: &File) -> &str {
        std::str::from_utf8(&file.plain).expect("text")
    }

    #[test]
    fn the_version_is_another_as_soon_as_a_file_is_or_a_name() {
        let version = site(&[]).version;
        assert_eq!((version.len(), &version), (12, &site(&[]).version));
        for other in [("app/a.js", "import 'lit' "), ("app/b.js", ""), (DOCUMENT, "")] {
            assert_ne!(site(&[other]).version, version, "{other:?}");
        }
    }

    #[test]
    fn what_names_other_files_names_them_by_the_version() {
        let site = site(&[]);
        let version = &site.version;
        let preload = |path: &str| format!("<link rel=\"modulepreload\" href=\"/web/{version}/{path}\">");
        let document = text(site.document.as_ref().expect("a document"));
        let preloads = [preload("app/a.js"), preload("vendor/lit.js")].join("\n");
        assert_eq!(document, HTML.replace("{{modulepreload}}", &preloads).replace("{{version}}", version));
        let worker = text(&site.files[WORKER]);
        let paths = ["app/a.css", "app/a.js", "icons/i.svg", "manifest.webmanifest", "vendor/lit.js"];
        let kept: String = paths.iter().map(|path| format!(",\"/web/{version}/{path}\"")).collect();
        assert_eq!(worker, format!("const files = [\"/\"{kept}]; // {version}"));
        assert!(text(&site.files[MANIFEST]).contains(&format!("/web/{version}/icons/i.svg")));
        assert_eq!(text(&site.files["vendor/lit.js"]), "{{version}}", "all else stays as it is");
        assert!(!site.files.contains_key(DOCUMENT));
    }

    #[test]
    fn a_document_whose_policy_alone_is_new_has_another_tag() {
        let file = |policy| File::new(DOCUMENT, "x".into(), &[(header::CONTENT_SECURITY_POLICY, policy)]);
        assert_ne!(file("default-src 'none'").tag, file("default-src 'self'").tag);
    }
}
