//! `entente serve`: what changes while it serves counts from the next request on.
//!
//! Requests go over plain HTTP on loopback with tokens; TLS is in taxii_clients.rs.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Command;

use serde_json::Value;

use crate::node::{Node, Served};
use crate::objects::{indicator, lines};

const OBJECTS: &str = "/entente/collections/rok-nato-itpp-2023.cyber-defence/objects/";

/// Asks for a page; gives the status and the whole answer.
fn ask(host: &str, path: &str, token: Option<&str>) -> (u16, String) {
    let mut stream = TcpStream::connect(host).unwrap();
    let login = token.map(|token| format!("Authorization: Bearer {token}\r\n"));
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nAccept: application/taxii+json;version=2.1\r\n{}\
         Connection: close\r\n\r\n",
        login.unwrap_or_default()
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let status = answer.split(' ').nth(1).and_then(|code| code.parse().ok());
    (status.unwrap_or_else(|| panic!("no answer: {answer}")), answer)
}

fn token(node: &Node, partner: &str, name: &str) -> String {
    let made = node.json(&["token", "issue", partner, "--name", name]);
    made["token"].as_str().unwrap().to_owned()
}

fn status(served: &Served, token: &str) -> u16 {
    ask(&served.host(), OBJECTS, Some(token)).0
}

fn served() -> (Node, Served) {
    let node = Node::with(&["POL", "USA"]);
    let file = node.file("lines.ndjson", lines((0..5).map(indicator)));
    node.import(&file, "green", "parties");
    let served = node.serve(&["--plain"]);
    (node, served)
}

#[test]
fn a_partner_suspended_or_revoked_gets_nothing_from_the_next_request_on() {
    let (node, served) = served();
    let (poland, united_states) = (token(&node, "POL", "pol-1"), token(&node, "USA", "usa-1"));
    assert_eq!((status(&served, &poland), status(&served, &united_states)), (200, 200));
    node.json(&["--dry-run", "partner", "suspend", "POL"]);
    assert_eq!(status(&served, &poland), 200, "a dry run suspended");
    node.json(&["partner", "suspend", "POL"]);
    let (code, answer) = ask(&served.host(), OBJECTS, Some(&poland));
    assert_eq!(code, 403);
    assert!(!answer.contains("indicator"), "{answer}");
    assert_eq!(ask(&served.host(), "/taxii2/", Some(&poland)).0, 403);
    assert_eq!(status(&served, &united_states), 200);
    node.run(&["export", "--to", "POL"]).ends(2).says(&["POL may have nothing"]);
    node.json(&["partner", "resume", "POL"]);
    assert_eq!(status(&served, &poland), 200);
    node.json(&["partner", "revoke", "POL"]);
    assert_eq!(status(&served, &poland), 403);
    node.run(&["partner", "resume", "POL"]).ends(2).says(&["revoked"]);
    assert_eq!(status(&served, &poland), 403);
    assert_eq!(status(&served, &united_states), 200);
}

#[test]
fn what_is_imported_and_issued_elsewhere_counts_from_the_next_request_on() {
    let (node, served) = served();
    let poland = token(&node, "POL", "pol-1");
    let count = || {
        let (_, answer) = ask(&served.host(), OBJECTS, Some(&poland));
        let body: Value = serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap();
        body["objects"].as_array().unwrap().len()
    };
    assert_eq!(count(), 5);
    node.import(&node.file("more.ndjson", lines((5..9).map(indicator))), "green", "parties");
    assert_eq!(count(), 9);
    node.json(&["token", "revoke", "pol-1"]);
    assert_eq!(status(&served, &poland), 401);
}

#[test]
fn without_a_login_nothing_is_told() {
    let (_node, served) = served();
    for path in ["/taxii2/", "/entente/", "/entente/collections/", OBJECTS] {
        let (code, answer) = ask(&served.host(), path, None);
        assert_eq!(code, 401, "{path}");
        assert!(answer.to_lowercase().contains("www-authenticate: "), "{answer}");
    }
}

#[test]
fn the_status_page_is_apart_and_tells_the_counts() {
    let (_node, served) = served();
    assert_ne!(served.host(), served.status_host());
    let (code, page) = ask(&served.status_host(), "/", None);
    assert_eq!(code, 200);
    assert!(page.contains("POL") && page.contains("USA") && page.contains(">5<"), "{page}");
}

#[test]
fn what_cannot_be_served_is_said() {
    let (node, served) = served();
    let host = served.host();
    let taken = node.run(&["serve", "--plain", "--listen", &host]).ends(2);
    taken.says(&[&host, "cannot be listened on"]);
    let open = node.run(&["serve", "--plain", "--listen", "0.0.0.0:0"]).ends(2);
    open.says(&["is not a loopback address"]);
}

#[test]
fn a_folder_without_a_node_is_not_served() {
    let none = Node::none();
    none.run(&["serve", "--plain", "--listen", "127.0.0.1:0"]).ends(2).says(&["init NATION"]);
    none.run(&["serve", "--listen", "127.0.0.1:0"]).ends(2).says(&["init NATION"]);
    assert!(!none.folder().exists());
}

#[test]
fn it_ends_in_order_when_it_is_told_to() {
    let (_node, mut served) = served();
    let id = served.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    assert_eq!(served.ended(), Some(0));
}
