//! Why a path is in the closure: the shortest chains that lead to it.

use super::graph::Graph;

/// The shortest chains from the environment to a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Why {
    /// The number of the path in the graph.
    pub target: usize,
    /// Node numbers, the environment first, the target last, in the order of
    /// the paths; at most as many as were asked for.
    pub chains: Vec<Vec<usize>>,
    /// How many there are in all (saturating: there can be very many).
    pub count: u64,
}

/// The shortest chains from the environment to `target`, at most `limit` of
/// them spelled out.
pub fn why(graph: &Graph, target: usize, limit: usize) -> Why {
    let mut chains = Vec::new();
    // Depth first, backwards from the target; every step is one nearer to the
    // environment, so nothing is tried in vain.
    let mut waiting = vec![vec![target]];
    while let Some(tail) = waiting.pop() {
        if chains.len() == limit {
            break;
        }
        let first = tail[tail.len() - 1];
        if first == 0 {
            chains.push(tail.into_iter().rev().collect());
            continue;
        }
        for nearer in nearer(graph, first).rev() {
            let mut longer = tail.clone();
            longer.push(nearer);
            waiting.push(longer);
        }
    }
    chains.sort();
    Why {
        target,
        chains,
        count: count(graph, target),
    }
}

/// The referrers of `node` that are one step nearer to the environment.
fn nearer(graph: &Graph, node: usize) -> impl DoubleEndedIterator<Item = usize> + '_ {
    let distance = graph.nodes[node].distance;
    let referrers = graph.nodes[node].referrers.iter().copied();
    referrers.filter(move |&referrer| graph.nodes[referrer].distance + 1 == distance)
}

/// How many shortest chains lead to `target`.
fn count(graph: &Graph, target: usize) -> u64 {
    let mut ways: Vec<u64> = vec![0; graph.nodes.len()];
    ways[0] = 1;
    // Numbers ascend with the distance.
    for node in 1..=target {
        ways[node] = nearer(graph, node).fold(0, |sum: u64, nearer| sum.saturating_add(ways[nearer]));
    }
    ways[target]
}
