//! A closure as it is told, whatever the form: rows in their order.

use super::graph::Graph;
use super::name::{Kind, StoreName};
use crate::env::dump::HostPart;
use serde::Serialize;

/// Everything that `cargo-nix closure` tells. Serialised, it is the output of
/// `--json`, whose shape docs/closure.md describes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report<'a> {
    /// Version of the JSON's shape; a field may be added without a new one.
    pub version: u32,
    /// Store path of the environment.
    pub environment: &'a str,
    /// Bytes.
    pub total_size: u64,
    /// By added size, the largest first; the environment is the first.
    pub paths: Vec<Row<'a>>,
    /// What comes from the machine instead of the store, by name.
    pub host: Vec<&'a HostPart>,
}

/// A store path of the closure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Row<'a> {
    /// The store path.
    pub path: &'a str,
    /// Its name, `openssl-3.5.1`.
    pub name: &'a str,
    /// What it is there for.
    pub kind: Kind,
    /// Bytes.
    pub own_size: u64,
    /// Bytes; see the module [`crate::closure`].
    pub added_size: u64,
    /// What refers to it: the one on the chain first, then by distance.
    pub brought_in_by: Vec<&'a str>,
    /// A shortest chain from the environment to it, both included.
    pub chain: Vec<&'a str>,
}

impl<'a> Report<'a> {
    /// The report of a closure, and of what `host` adds to it.
    pub fn new(graph: &'a Graph, host: &'a [HostPart]) -> Report<'a> {
        let paths = |numbers: &[usize]| numbers.iter().map(|&i| graph.nodes[i].path.as_str()).collect();
        let row = |i: usize| {
            let node = &graph.nodes[i];
            let name = StoreName::of(&node.path);
            Row {
                path: &node.path,
                name: name.name,
                kind: if i == 0 {
                    Kind::Environment
                } else {
                    Kind::of(name, host)
                },
                own_size: node.own,
                added_size: node.added,
                brought_in_by: paths(&node.referrers),
                chain: paths(&graph.chain(i)),
            }
        };
        let mut parts: Vec<&HostPart> = host.iter().collect();
        parts.sort_by_key(|part| part.name.as_str());
        Report {
            version: 1,
            environment: &graph.nodes[0].path,
            total_size: graph.total(),
            paths: graph.by_added().into_iter().map(row).collect(),
            host: parts,
        }
    }
}
