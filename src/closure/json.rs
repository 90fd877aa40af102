//! A closure as JSON. The shapes are promised in docs/closure.md.

use super::graph::Graph;
use super::report::Report;
use super::why::Why;
use serde_json::{Value, json};

/// `cargo-nix closure --json`, with a newline at the end.
pub fn closure_json(report: &Report<'_>) -> String {
    // A report holds strings and numbers only: there is nothing to fail.
    lines(&serde_json::to_value(report).unwrap_or_default())
}

/// `cargo-nix closure --why PATH --json`, with a newline at the end.
pub fn why_json(graph: &Graph, why: &Why) -> String {
    let path = |i: usize| graph.nodes[i].path.as_str();
    let chains: Vec<Vec<&str>> = why
        .chains
        .iter()
        .map(|chain| chain.iter().map(|&i| path(i)).collect())
        .collect();
    lines(&json!({
        "version": 1,
        "environment": path(0),
        "path": path(why.target),
        "ownSize": graph.nodes[why.target].own,
        "addedSize": graph.nodes[why.target].added,
        "chainCount": why.count,
        "chains": chains,
    }))
}

fn lines(value: &Value) -> String {
    format!("{value:#}\n")
}
