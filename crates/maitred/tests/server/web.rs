//! The host stand, as browsers are served it: all that they need, nothing else, kept as long as is right.

use std::{collections::BTreeSet, io::Read};

use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use flate2::read::GzDecoder;
use http::{HeaderMap, StatusCode};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::common::{Http, RESTAURANT, TestServer, raw};

const GZIP: (&str, &str) = ("accept-encoding", "gzip, deflate, br");

/// What may be sent, in bytes, before the app shows itself to a browser that has nothing of it: on a phone's network that
/// gives 1.6 Mbit/s, more than half a second goes into so much.
const FIRST_LOAD: usize = 120_000;

/// An answer whose body may be anything.
struct Served {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Served {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("ASCII"))
    }

    #[track_caller]
    fn text(&self) -> String {
        assert_eq!(self.status, StatusCode::OK);
        String::from_utf8(self.body.to_vec()).expect("text")
    }
}

async fn get(http: &mut Http, path: &str, headers: &[(&str, &str)]) -> Served {
    let (parts, body) = http.exchange("GET", path, headers, Bytes::new()).await;
    Served { status: parts.status, headers: parts.headers, body }
}

/// What stands between two texts, wherever it does.
fn between<'a>(text: &'a str, before: &'a str, after: &'a str) -> impl Iterator<Item = &'a str> {
    text.split(before).skip(1).filter_map(move |rest| Some(rest.split_once(after)?.0))
}

fn import_map(document: &str) -> &str {
    between(document, "<script type=\"importmap\">", "</script>").next().expect("an import map")
}

/// The addresses of the app's files that the document names.
fn named_by_document(document: &str) -> BTreeSet<String> {
    let attributes = ["href=\"", "src=\""].into_iter().flat_map(|before| between(document, before, "\""));
    let map: Value = import_map(document).parse().expect("JSON");
    let imports = map["imports"].as_object().expect("imports").values();
    let imports = imports.map(|address| address.as_str().expect("an address").to_owned());
    attributes.map(str::to_owned).chain(imports).filter(|address| address.starts_with("/web/")).collect()
}

/// The addresses of what the worker keeps.
fn kept_by_worker(worker: &str) -> BTreeSet<String> {
    let list = between(worker, "[\"/\",", "]").next().expect("a list that begins with the document");
    serde_json::from_str(&format!("[\"/\",{list}]")).expect("JSON")
}

/// The version that the document names.
fn version(document: &str) -> &str {
    between(document, "=\"/web/", "/").next().expect("an address")
}

fn type_of(address: &str) -> &'static str {
    match address.rsplit('.').next() {
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("webmanifest") => "application/manifest+json",
        _ if address == "/" => "text/html; charset=utf-8",
        _ => "text/plain; charset=utf-8",
    }
}

#[tokio::test]
async fn the_document_is_asked_for_each_time_and_runs_nothing_but_the_servers_own_scripts() {
    let server = TestServer::start().await;
    let document = get(&mut server.http().await, "/", &[]).await;
    let html = document.text();
    assert_eq!(document.header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(document.header("cache-control"), Some("no-cache"));
    assert_eq!(document.header("vary"), Some("accept-encoding"));
    assert!(document.header("etag").is_some_and(|tag| tag.starts_with("W/\"")));
    let hash = BASE64_STANDARD.encode(Sha256::digest(import_map(&html)));
    let policy = format!(
        "default-src 'none'; script-src 'self' 'sha256-{hash}'; style-src 'self'; img-src 'self'; font-src 'self'; \
         connect-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types lit-html maitred"
    );
    assert_eq!(document.header("content-security-policy"), Some(policy.as_str()));
    // What the policy would keep from working is not there, either.
    let scripts: Vec<&str> = between(&html, "<script", ">").filter(|script| !script.contains(" src=\"/web/")).collect();
    assert_eq!(scripts, [" type=\"importmap\""]);
    for inline in ["<style", " style=", " onload=", " onclick=", "javascript:"] {
        assert!(!html.contains(inline), "{inline}");
    }
}

#[tokio::test]
async fn all_that_the_document_and_the_worker_name_is_there_for_good() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    let html = get(&mut http, "/", &[]).await.text();
    let version = version(&html);
    let worker = get(&mut http, &format!("/web/{version}/service-worker.js"), &[]).await.text();
    let manifest = get(&mut http, &format!("/web/{version}/manifest.webmanifest"), &[]).await.text();
    for (name, text) in [("the document", &html), ("the worker", &worker), ("the manifest", &manifest)] {
        assert!(!text.contains("{{"), "something is left to be filled in: {name} is {text}");
    }
    let (named, kept) = (named_by_document(&html), kept_by_worker(&worker));
    assert!(named.is_subset(&kept), "the worker keeps all that the document needs: {named:?} of {kept:?}");
    let start = format!("/web/{version}/");
    let manifest: Value = manifest.parse().expect("JSON");
    let icons = manifest["icons"].as_array().expect("icons").iter().map(|icon| {
        let address = icon["src"].as_str().expect("an address");
        // Addresses in a manifest begin where it lies itself.
        if address.starts_with('/') { address.to_owned() } else { format!("{start}{address}") }
    });
    for address in kept.into_iter().chain(icons) {
        let file = get(&mut http, &address, &[]).await;
        assert_eq!((file.status, file.header("content-type")), (StatusCode::OK, Some(type_of(&address))), "{address}");
        assert_eq!(file.header("x-content-type-options"), Some("nosniff"));
        if address != "/" {
            assert!(address.starts_with(&start), "{address}");
            assert_eq!(file.header("cache-control"), Some("public, max-age=31536000, immutable"), "{address}");
        }
    }
}

#[tokio::test]
async fn the_worker_may_rule_all_pages_may_fetch_and_is_never_kept_unasked() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    let html = get(&mut http, "/", &[]).await.text();
    let worker = get(&mut http, &format!("/web/{}/service-worker.js", version(&html)), &[]).await;
    assert_eq!(worker.header("service-worker-allowed"), Some("/"));
    assert_eq!(worker.header("cache-control"), Some("no-cache"));
    let policy = worker.header("content-security-policy").expect("a policy");
    assert!(policy.starts_with("default-src 'none';") && policy.contains("connect-src 'self'"), "{policy}");
    let other = get(&mut http, "/web/another/service-worker.js", &[]).await;
    assert_eq!(other.header("cache-control"), Some("no-store"));
}

#[tokio::test]
async fn what_is_asked_for_in_gzip_comes_in_gzip_and_is_the_same() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    let html = get(&mut http, "/", &[]).await.text();
    let worker = get(&mut http, &format!("/web/{}/service-worker.js", version(&html)), &[]).await.text();
    for address in kept_by_worker(&worker) {
        let plain = get(&mut http, &address, &[]).await;
        let refused = get(&mut http, &address, &[("accept-encoding", "br, gzip;q=0")]).await;
        for answer in [&plain, &refused] {
            assert_eq!((answer.header("content-encoding"), &answer.body), (None, &plain.body), "{address}");
        }
        let zipped = get(&mut http, &address, &[GZIP]).await;
        for name in ["content-type", "cache-control", "etag", "content-security-policy"] {
            assert_eq!(zipped.header(name), plain.header(name), "{name} of {address}");
        }
        assert_eq!(zipped.header("vary"), Some("accept-encoding"));
        if address.ends_with(".png") {
            assert_eq!((zipped.header("content-encoding"), &zipped.body), (None, &plain.body), "{address}");
            continue;
        }
        assert_eq!(zipped.header("content-encoding"), Some("gzip"), "{address}");
        let mut unzipped = Vec::new();
        GzDecoder::new(&zipped.body[..]).read_to_end(&mut unzipped).expect("gzip");
        assert_eq!(unzipped, plain.body, "{address}");
    }
}

#[tokio::test]
async fn a_document_of_another_version_finds_its_modules_but_nobody_keeps_them() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    let html = get(&mut http, "/", &[]).await.text();
    let version = version(&html);
    for address in named_by_document(&html) {
        let own = get(&mut http, &address, &[]).await;
        let other = get(&mut http, &address.replace(version, "another"), &[]).await;
        assert_eq!((other.status, &other.body), (StatusCode::OK, &own.body), "{address}");
        assert_eq!(other.header("content-type"), own.header("content-type"), "{address}");
        assert_eq!(other.header("cache-control"), Some("no-store"), "{address}");
    }
}

#[tokio::test]
async fn who_has_a_file_already_is_told_so_and_sent_nothing() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    let html = get(&mut http, "/", &[]).await.text();
    for address in ["/".to_owned(), format!("/web/{}/service-worker.js", version(&html))] {
        let whole = get(&mut http, &address, &[]).await;
        let tag = whole.header("etag").expect("a tag");
        for known in [tag, &format!("\"other\", {tag}"), "*"] {
            let unchanged = get(&mut http, &address, &[("if-none-match", known), GZIP]).await;
            assert_eq!((unchanged.status, unchanged.body.len()), (StatusCode::NOT_MODIFIED, 0), "{address}");
            for name in ["etag", "cache-control", "vary", "content-security-policy"] {
                assert_eq!(unchanged.header(name), whole.header(name), "{name} of {address}");
            }
        }
        assert_eq!(get(&mut http, &address, &[("if-none-match", "\"other\"")]).await.body, whole.body);
        let (head, body) = http.exchange("HEAD", &address, &[], Bytes::new()).await;
        assert_eq!((head.status, body.len()), (StatusCode::OK, 0));
        assert_eq!(head.headers["content-length"], whole.body.len().to_string());
    }
}

#[tokio::test]
async fn nothing_but_the_app_can_be_reached() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    let html = get(&mut http, "/", &[]).await.text();
    let version = version(&html);
    for path in [
        "index.html",
        "package.json",
        "package-lock.json",
        "tsconfig.json",
        "node_modules/lit/package.json",
        "node_modules/lit/index.js",
        "make/lit.js",
        "test/vendor.test.js",
        "no-such-file.js",
        "app",
        "app/",
        "/app/no-such-file.js",
        "../Cargo.toml",
        "../web/service-worker.js",
        "app/../service-worker.js",
        "app/../../Cargo.toml",
        "..%2fCargo.toml",
        "%2e%2e/Cargo.toml",
        "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "..%5cCargo.toml",
        "/etc/passwd",
        "%2fetc%2fpasswd",
        "service-worker.js%00",
        "service-worker.js/",
        "%FF%FE",
    ] {
        for version in [version, "another"] {
            http.get(&format!("/web/{version}/{path}")).await.problem(404, "not_found");
        }
    }
    http.get(&format!("/web/{version}")).await.problem(404, "not_found");
    // The way up is no way around the routes, either.
    http.get(&format!("/web/{version}/../../restaurants/{RESTAURANT}")).await.problem(404, "not_found");
}

#[tokio::test]
async fn a_page_whose_own_name_has_come_to_mean_this_machine_is_shown_no_host_stand() {
    let server = TestServer::start().await;
    for path in ["/", "/web/any/service-worker.js"] {
        let request = format!("GET {path} HTTP/1.1\r\nhost: evil.test\r\nconnection: close\r\n\r\n");
        raw(server.address, request.as_bytes()).await.problem(421, "host_not_allowed");
    }
}

#[tokio::test]
async fn the_app_is_small_enough_for_a_phone() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    let html = get(&mut http, "/", &[]).await.text();
    let mut sizes = Vec::new();
    // The worker comes later, and icons are no part of the first page.
    let is_needed = |address: &String| address.ends_with(".js") || address.ends_with(".css");
    for address in named_by_document(&html).into_iter().filter(is_needed).chain(["/".to_owned()]) {
        sizes.push((get(&mut http, &address, &[GZIP]).await.body.len(), address));
    }
    sizes.sort_unstable();
    let total: usize = sizes.iter().map(|(size, _)| size).sum();
    println!("{total} bytes in {} files, the largest of which is {:?}", sizes.len(), sizes.last());
    assert!(total < FIRST_LOAD, "{total} bytes: {sizes:?}");
}
