//! The numbers of a closure, against brute force and on hostile shapes.

use cargo_nix::closure::{Found, Graph, GraphError, find, why};
use cargo_nix_protocol::ClosurePath;
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// A path that sorts by its number.
fn name(i: usize) -> String {
    format!("/nix/store/{i:032}-n{i}")
}

/// Paths `0..sizes.len()` with these references; 0 is the environment.
fn closure(sizes: &[u32], edges: &[(usize, usize)]) -> Vec<ClosurePath> {
    let references = |i: usize| -> Vec<String> {
        let to: BTreeSet<usize> = edges
            .iter()
            .filter(|(from, _)| *from == i)
            .map(|(_, to)| *to)
            .collect();
        to.into_iter().map(name).collect()
    };
    let path = |(i, size): (usize, &u32)| ClosurePath {
        path: name(i),
        nar_size: u64::from(*size),
        references: references(i),
    };
    sizes.iter().enumerate().map(path).collect()
}

/// What the environment reaches when `without` is not there.
fn reachable(paths: &[ClosurePath], without: Option<&str>) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    let mut waiting = vec![name(0)];
    while let Some(path) = waiting.pop() {
        if Some(path.as_str()) != without && seen.insert(path.clone()) {
            let node = paths
                .iter()
                .find(|p| p.path == path)
                .expect("a path of the closure");
            waiting.extend(node.references.iter().cloned());
        }
    }
    seen
}

fn size(paths: &[ClosurePath], of: &BTreeSet<String>) -> u64 {
    paths
        .iter()
        .filter(|path| of.contains(&path.path))
        .map(|path| path.nar_size)
        .sum()
}

/// Small graphs with whatever references: cycles, self references, islands.
fn graphs() -> impl Strategy<Value = Vec<ClosurePath>> {
    (1usize..12).prop_flat_map(|n| {
        let sizes = prop::collection::vec(0u32..1000, n);
        let edges = prop::collection::vec((0..n, 0..n), 0..3 * n);
        (sizes, edges).prop_map(|(sizes, edges)| closure(&sizes, &edges))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn own_sizes_add_up_to_the_total_and_the_environment_adds_it_all(paths in graphs()) {
        let graph = Graph::new(&name(0), &paths).expect("a closure");
        let all = reachable(&paths, None);
        prop_assert_eq!(graph.total(), size(&paths, &all));
        prop_assert_eq!(graph.nodes[0].added, graph.total());
        let named: BTreeSet<String> = graph.nodes.iter().map(|node| node.path.clone()).collect();
        prop_assert_eq!(named, all);
    }

    #[test]
    fn the_added_size_is_what_would_go_away(paths in graphs()) {
        let graph = Graph::new(&name(0), &paths).expect("a closure");
        for node in &graph.nodes {
            let left = size(&paths, &reachable(&paths, Some(&node.path)));
            prop_assert_eq!(node.added, graph.total() - left, "of {}", &node.path);
        }
    }

    #[test]
    fn chains_are_chains_and_none_is_shorter_or_missing(paths in graphs()) {
        let graph = Graph::new(&name(0), &paths).expect("a closure");
        for target in 0..graph.nodes.len() {
            let why = why(&graph, target, usize::MAX);
            prop_assert_eq!(why.count, why.chains.len() as u64);
            let different: BTreeSet<_> = why.chains.iter().collect();
            prop_assert_eq!(different.len(), why.chains.len());
            prop_assert!(why.chains.contains(&graph.chain(target)));
            for chain in &why.chains {
                prop_assert_eq!((chain[0], chain[chain.len() - 1]), (0, target));
                prop_assert_eq!(chain.len(), graph.nodes[target].distance + 1);
                for step in chain.windows(2) {
                    prop_assert!(graph.nodes[step[0]].references.contains(&step[1]));
                    prop_assert!(graph.nodes[step[1]].distance == graph.nodes[step[0]].distance + 1);
                }
            }
        }
    }

    #[test]
    fn every_path_is_found_by_itself_by_its_file_and_by_its_name(paths in graphs()) {
        let graph = Graph::new(&name(0), &paths).expect("a closure");
        for (i, node) in graph.nodes.iter().enumerate() {
            prop_assert_eq!(find(&graph, &node.path), Found::One(i));
            prop_assert_eq!(find(&graph, &format!("{}/bin/x", node.path)), Found::One(i));
            prop_assert_eq!(find(&graph, &node.path[node.path.rfind('-').expect("a dash") + 1..]), Found::One(i));
        }
    }

    #[test]
    fn no_query_breaks_anything(paths in graphs(), query in ".*") {
        find(&Graph::new(&name(0), &paths).expect("a closure"), &query);
    }
}

#[test]
fn what_is_not_a_closure_is_refused() {
    let paths = closure(&[1, 2], &[(0, 1)]);
    let twice = [paths.clone(), vec![paths[1].clone()]].concat();
    assert_eq!(Graph::new(&name(0), &twice), Err(GraphError::Twice(name(1))));
    assert_eq!(Graph::new(&name(7), &paths), Err(GraphError::NoRoot(name(7))));
    let open = GraphError::Open {
        from: name(0),
        to: name(1),
    };
    assert_eq!(Graph::new(&name(0), &paths[..1]), Err(open));
}

#[test]
fn ways_are_counted_not_walked_when_there_are_very_many() {
    // 70 diamonds in a row: 2^70 shortest chains, more than fit in the count.
    let sizes = vec![1; 70 * 3 + 1];
    let diamond = |i: usize| {
        let top = 3 * i;
        [
            (top, top + 1),
            (top, top + 2),
            (top + 1, top + 3),
            (top + 2, top + 3),
        ]
    };
    let edges: Vec<(usize, usize)> = (0..70).flat_map(diamond).collect();
    let graph = Graph::new(&name(0), &closure(&sizes, &edges)).expect("a closure");
    let last = graph
        .nodes
        .iter()
        .position(|node| node.path == name(210))
        .expect("the last");
    let why = why(&graph, last, 5);
    assert_eq!((why.count, why.chains.len()), (u64::MAX, 5));
    assert_eq!(graph.nodes[last].added, 1);
}

/// Fast enough means that nothing is quadratic: the bound leaves a slow, busy
/// machine and an unoptimised build more than ten times what they need.
#[test]
fn twenty_thousand_paths_are_no_burden() {
    const N: usize = 20_000;
    // A deep chain whose links are also reached from far above, each way round:
    // the shapes that make simple dominator algorithms quadratic.
    let references = |i: usize| -> Vec<String> {
        [i + 1, i + 2, (i * 7919) % N, (i / 2).max(1)]
            .into_iter()
            .filter(|&to| to < N)
            .map(name)
            .collect()
    };
    let path = |i| ClosurePath {
        path: name(i),
        nar_size: 1,
        references: references(i),
    };
    let paths: Vec<ClosurePath> = (0..N).map(path).collect();
    let start = Instant::now();
    let graph = Graph::new(&name(0), &paths).expect("a closure");
    assert_eq!(graph.total(), N as u64);
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    println!("{N} paths in {:?}", start.elapsed());
}
