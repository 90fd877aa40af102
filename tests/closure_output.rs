//! What a closure looks like, as text, as JSON, as a page: golden files under
//! tests/snapshots, from the closures of tests/data.

mod common;

use cargo_nix::closure::{Found, Graph, Report, closure_json, find, html, text, why, why_json, why_text};
use cargo_nix::env::dump::HostPart;
use cargo_nix_protocol::ClosurePath;
use serde::Deserialize;

#[derive(Deserialize)]
struct Data {
    environment: String,
    paths: Vec<ClosurePath>,
    host: Vec<HostPart>,
}

impl Data {
    fn read(name: &str) -> Data {
        let file = common::repository().join("tests/data").join(name);
        serde_json::from_slice(&std::fs::read(file).expect("the data")).expect("its shape")
    }

    fn graph(&self) -> Graph {
        Graph::new(&self.environment, &self.paths).expect("a closure")
    }
}

fn one(graph: &Graph, query: &str) -> usize {
    match find(graph, query) {
        Found::One(node) => node,
        other => panic!("{query}: {other:?}"),
    }
}

#[test]
fn text_of_a_closure_with_parts_of_the_machine() {
    let data = Data::read("closure-host.json");
    let graph = data.graph();
    insta::assert_snapshot!(text(&Report::new(&graph, &data.host), false));
}

#[test]
fn text_of_a_closure_from_nixpkgs() {
    let data = Data::read("closure-nixpkgs.json");
    let graph = data.graph();
    insta::assert_snapshot!(text(&Report::new(&graph, &data.host), false));
}

#[test]
fn colour_changes_nothing_but_the_colour() {
    let data = Data::read("closure-nixpkgs.json");
    let graph = data.graph();
    let report = Report::new(&graph, &data.host);
    let coloured = text(&report, true);
    assert!(coloured.contains('\u{1b}'));
    assert_eq!(console::strip_ansi_codes(&coloured), text(&report, false));
}

#[test]
fn json_of_a_closure() {
    let data = Data::read("closure-host.json");
    let graph = data.graph();
    insta::assert_snapshot!(closure_json(&Report::new(&graph, &data.host)));
}

#[test]
fn why_a_path_is_there() {
    let data = Data::read("closure-nixpkgs.json");
    let graph = data.graph();
    insta::assert_snapshot!(why_text(&graph, &why(&graph, one(&graph, "libunistring"), 100)));
    insta::assert_snapshot!(
        "why_json",
        why_json(&graph, &why(&graph, one(&graph, "libmpc-1.3"), 100))
    );
    insta::assert_snapshot!("why_environment", why_text(&graph, &why(&graph, 0, 100)));
}

#[test]
fn a_package_with_many_outputs_is_ambiguous_and_its_full_name_is_not() {
    let data = Data::read("closure-nixpkgs.json");
    let graph = data.graph();
    let Found::Many(many) = find(&graph, "openssl") else {
        panic!("openssl has three outputs")
    };
    assert_eq!(many.len(), 3);
    one(&graph, "openssl-3.5.1");
    let Found::Nothing { nearest } = find(&graph, "opensll") else {
        panic!("no such package")
    };
    assert!(nearest[0].starts_with("openssl"), "{nearest:?}");
    assert_eq!(find(&graph, "§"), Found::Nothing { nearest: vec![] });
}

#[test]
fn the_page_holds_every_path_and_refers_to_nothing_outside_itself() {
    for file in ["closure-host.json", "closure-nixpkgs.json"] {
        let data = Data::read(file);
        let graph = data.graph();
        let page = html(&Report::new(&graph, &data.host));
        // For scripts/look.sh, which shows it in a browser.
        let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join(file)
            .with_extension("html");
        std::fs::write(file, &page).expect("the page is written");
        for path in &data.paths {
            assert!(
                page.contains(&format!("{}</code>", path.path)),
                "{} is missing",
                path.path
            );
        }
        for outside in [
            "http:", "https:", "src=", "url(", "@import", "<script", "<link", "{{", "}}",
        ] {
            assert!(!page.contains(outside), "the page has {outside}");
        }
        well_formed(&page);
    }
}

#[test]
fn names_from_outside_cannot_break_out_of_the_page() {
    let mut data = Data::read("closure-host.json");
    data.host[0].name = "<script>alert('&')</script>".into();
    data.host[0].paths = vec!["/\"><b>{{rows}}".into()];
    let graph = data.graph();
    let page = html(&Report::new(&graph, &data.host));
    assert!(page.contains("&lt;script&gt;alert(&#39;&amp;&#39;)&lt;/script&gt;"));
    assert!(page.contains("/&quot;&gt;&lt;b&gt;{{rows}}"));
    well_formed(&page);
}

/// Every tag is closed in its order; every link leads to a row.
fn well_formed(page: &str) {
    const VOID: [&str; 4] = ["!doctype", "meta", "br", "rect"];
    let mut open = Vec::new();
    let body = page.split_once("<style>").expect("a style").0.to_owned()
        + page.split_once("</style>").expect("its end").1;
    for tag in body.split('<').skip(1) {
        let tag = tag.split('>').next().expect("a tag ends");
        let name = tag
            .trim_start_matches('/')
            .split(|c: char| c.is_whitespace() || c == '/')
            .next()
            .unwrap_or("");
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "</{name}>");
        } else if !VOID.contains(&name) {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "never closed: {open:?}");
    for link in body.split("href=\"#").skip(1) {
        let id = link.split('"').next().expect("the attribute ends");
        assert!(body.contains(&format!("id=\"{id}\"")), "{id} leads nowhere");
    }
}
