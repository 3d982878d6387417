//! Browsers: whose pages may open sockets and read answers, and what every answer tells a browser.

use serde_json::json;

use crate::{
    common::{Answer, Http, RESTAURANT, TestServer, guests, raw},
    program::{Program, Serving, folder},
};

/// Asks for a socket, as a page from `origin` does that reached the server as `host`.
async fn open(http: &mut Http, origin: &str) -> Answer {
    let headers = [
        ("connection", "Upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("origin", origin),
    ];
    http.send("GET", &format!("/realtime?restaurant_id={RESTAURANT}"), &headers, "").await
}

/// What a browser asks before a page from `origin` may send what no form could.
async fn preflight(http: &mut Http, origin: &str) -> Answer {
    let headers = [
        ("origin", origin),
        ("access-control-request-method", "PATCH"),
        ("access-control-request-headers", "content-type,if-match"),
    ];
    http.send("OPTIONS", &guests(), &headers, "").await
}

#[tokio::test]
async fn pages_from_elsewhere_open_no_socket_unless_they_are_named() {
    let named = ["https://desk.example", "http://10.0.0.9:8080"].map(|origin| origin.parse().expect("an origin"));
    let server = TestServer::start_with(|config| config.allow_origins = named.to_vec()).await;
    for origin in ["http://localhost", "ws://localhost", "https://desk.example", "http://10.0.0.9:8080"] {
        assert_eq!(open(&mut server.http().await, origin).await.status, 101, "{origin}");
    }
    let mut http = server.http().await;
    for origin in ["http://evil.test", "http://desk.example", "http://localhost:8000", "null", "~"] {
        let problem = open(&mut http, origin).await.problem(403, "origin_not_allowed");
        let detail = problem["detail"].as_str().expect("words");
        assert!(detail.contains(origin) && detail.contains("--allow-origin"), "{detail}");
    }
    let server = TestServer::start_with(|config| config.allow_origins.push("*".parse().expect("anybody"))).await;
    for origin in ["http://evil.test", "null"] {
        assert_eq!(open(&mut server.http().await, origin).await.status, 101, "{origin}");
    }
}

#[tokio::test]
async fn a_page_whose_own_name_has_come_to_mean_this_machine_is_told_nothing() {
    let names = [("127.0.0.1:8000", 200), ("LOCALHOST", 200), ("evil.test:8000", 421), ("desk.example", 421)];
    let server = TestServer::start().await;
    for (name, status) in names {
        let answer = ask_as(&server, name).await;
        assert_eq!(answer.status, status, "{name}");
        if status == 421 {
            let detail = answer.problem(421, "host_not_allowed")["detail"].to_string();
            assert!(detail.contains(name) && detail.contains("--allow-origin"), "{detail}");
        }
    }
    let named = "http://desk.example".parse().expect("an origin");
    let server = TestServer::start_with(|config| config.allow_origins.push(named)).await;
    assert_eq!(ask_as(&server, "desk.example").await.status, 200);
    // Where a token is needed, a page without one learns nothing either way.
    let server = TestServer::start_with(|config| config.at_home = false).await;
    assert_eq!(ask_as(&server, "evil.test").await.status, 200);
}

/// Lists guests by a request to a server of this name.
async fn ask_as(server: &TestServer, name: &str) -> Answer {
    raw(server.address, format!("GET {} HTTP/1.1\r\nhost: {name}\r\nconnection: close\r\n\r\n", guests()).as_bytes())
        .await
}

#[tokio::test]
async fn pages_from_elsewhere_read_no_answer_unless_they_are_named() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    for answer in [http.send("GET", &guests(), &[("origin", "https://desk.example")], "").await, http.get("/no").await]
    {
        assert_eq!(answer.header("access-control-allow-origin"), None);
    }
    preflight(&mut http, "https://desk.example").await.problem(405, "method_not_allowed");

    let server = TestServer::start_with(|config| {
        config.allow_origins.push("https://desk.example".parse().expect("an origin"));
    })
    .await;
    let mut http = server.http().await;
    let answer = preflight(&mut http, "https://desk.example").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("access-control-allow-origin"), Some("https://desk.example"));
    let allowed = answer.header("access-control-allow-headers").expect("headers").to_owned();
    for header in ["authorization", "content-type", "if-match", "idempotency-key", "x-device-id"] {
        assert!(allowed.contains(header), "{header} in {allowed}");
    }
    assert!(answer.header("access-control-allow-methods").is_some_and(|methods| methods.contains("PATCH")));
    let body = json!({ "guestName": "Rivera", "partySize": 2 }).to_string();
    let headers = [("origin", "https://desk.example"), ("content-type", "application/json")];
    let answer = http.send("POST", &guests(), &headers, body).await;
    assert_eq!(answer.header("access-control-allow-origin"), Some("https://desk.example"));
    assert_eq!(answer.header("access-control-expose-headers"), Some("etag,retry-after"));
    assert_eq!(answer.header("cross-origin-resource-policy"), None, "it may be read from there");
    answer.ok();
    // Problems may be read, too; by others, nothing.
    let answer = http.send("GET", "/no", &[("origin", "https://desk.example")], "").await;
    assert_eq!(answer.header("access-control-allow-origin"), Some("https://desk.example"));
    for answer in [
        preflight(&mut http, "https://evil.test").await,
        http.send("GET", &guests(), &[("origin", "https://evil.test")], "").await,
    ] {
        assert_eq!(answer.header("access-control-allow-origin"), None);
        assert_eq!(answer.header("cross-origin-resource-policy"), Some("same-origin"));
    }
}

#[tokio::test]
async fn every_answer_tells_a_browser_to_make_nothing_more_of_it_than_it_is() {
    let server = TestServer::start().await;
    let mut http = server.http().await;
    let guest = json!({ "guestName": "Rivera", "partySize": 2 });
    for answer in [
        http.get("/healthz").await,
        http.get("/metrics").await,
        http.get(&guests()).await,
        http.post(&guests(), guest).await,
        http.post(&guests(), json!({})).await,
        http.get("/no").await,
        http.delete("/healthz").await,
        http.get("/realtime").await,
    ] {
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
            ("x-frame-options", "DENY"),
            ("cross-origin-resource-policy", "same-origin"),
            ("cache-control", "no-store"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{name} of {}", answer.text);
        }
        assert_eq!(answer.header("strict-transport-security"), None, "it is not encrypted");
    }
}

#[tokio::test]
async fn serve_is_told_whose_pages_may_ask_and_refuses_what_is_no_origin() {
    let (folder, _) = folder();
    let arguments = ["serve", "--listen", "127.0.0.1:0", "--restaurant", RESTAURANT];
    for (more, variables) in [
        (&["--allow-origin", "https://a.example", "--allow-origin", "https://b.example"][..], &[][..]),
        (&[], &[("MAITRED_ALLOW_ORIGIN", "https://a.example,https://b.example")]),
    ] {
        let program = Program::maitred_with(folder.path(), &[&arguments[..], more].concat(), variables);
        let serving = Serving::listening(program).await;
        for (origin, status) in [("https://a.example", 101), ("https://b.example", 101), ("https://c.example", 403)] {
            let mut http = Http::connect(serving.address).await;
            assert_eq!(open(&mut http, origin).await.status, status, "{origin}");
        }
        serving.program.signal("TERM");
        serving.program.ended().await.well();
    }
    for bad in ["desk.example", "https://desk.example/page", ""] {
        let refused = Program::maitred(folder.path(), &[&arguments[..], &["--allow-origin", bad]].concat()).ended();
        refused.await.badly(&["--allow-origin", "https://host.example"]);
    }
}
