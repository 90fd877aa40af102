//! Which path a user means.

use super::graph::Graph;
use super::name::StoreName;

/// What a query finds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// The number of the one path that is meant.
    One(usize),
    /// It may mean any of these.
    Many(Vec<usize>),
    /// None; these names are nearest, the best first.
    Nothing {
        /// At most three names of paths of the closure.
        nearest: Vec<String>,
    },
}

/// The path that `query` means: a store path or anything below it, a name
/// (`openssl-3.5.1`), a package (`openssl`), the beginning of a name or of a
/// hash. The first of these ways that finds something decides.
pub fn find(graph: &Graph, query: &str) -> Found {
    let query = query.trim_end_matches('/');
    let below = |path: &str| {
        query
            .strip_prefix(path)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let ways: [&dyn Fn(&str) -> bool; 6] = [
        &below,
        &|path| path.rsplit('/').next() == Some(query),
        &|path| StoreName::of(path).name == query,
        &|path| StoreName::of(path).package == query,
        &|path| !query.is_empty() && StoreName::of(path).name.starts_with(query),
        &|path| {
            !query.is_empty()
                && path
                    .rsplit('/')
                    .next()
                    .is_some_and(|base| base.starts_with(query))
        },
    ];
    for way in ways {
        let found: Vec<usize> = (0..graph.nodes.len())
            .filter(|&i| way(&graph.nodes[i].path))
            .collect();
        match found[..] {
            [] => {}
            [one] => return Found::One(one),
            _ => return Found::Many(found),
        }
    }
    Found::Nothing {
        nearest: nearest(graph, query),
    }
}

/// The names most like `query`, by package or by whole name.
fn nearest(graph: &Graph, query: &str) -> Vec<String> {
    let name = StoreName::of(query).name;
    let likeness = |path: &str| {
        let of = StoreName::of(path);
        strsim::jaro_winkler(of.package, name).max(strsim::jaro_winkler(of.name, name))
    };
    let mut likely: Vec<(f64, &str)> = graph
        .nodes
        .iter()
        .map(|node| (likeness(&node.path), StoreName::of(&node.path).name))
        .filter(|(likeness, _)| *likeness > 0.7)
        .collect();
    likely.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    likely.dedup_by_key(|(_, name)| *name);
    likely
        .into_iter()
        .take(3)
        .map(|(_, name)| name.to_owned())
        .collect()
}
