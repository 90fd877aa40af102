//! The graph of a closure, with sizes and distances.

use super::dominators::dominators;
use cargo_nix_protocol::ClosurePath;
use std::collections::{HashMap, VecDeque};

/// A closure as a graph; paths are numbered, the environment is 0, the others
/// follow in the order of their distance to it, then of their path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Graph {
    /// By number.
    pub nodes: Vec<Node>,
}

/// A store path of the closure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// The store path.
    pub path: String,
    /// Own size, in bytes.
    pub own: u64,
    /// Added size, in bytes; see the module.
    pub added: u64,
    /// References on the shortest way from the environment.
    pub distance: usize,
    /// Numbers of what it refers to, itself left out, ascending.
    pub references: Vec<usize>,
    /// Numbers of what refers to it, itself left out, ascending: the first is
    /// the last step of a shortest chain from the environment.
    pub referrers: Vec<usize>,
}

/// What is wrong with a list of paths that claims to be a closure.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GraphError {
    /// The environment is not in it.
    #[error("the closure lacks the environment itself, {0}")]
    NoRoot(String),
    /// A path is there twice.
    #[error("the closure names {0} twice")]
    Twice(String),
    /// A reference leads out of it.
    #[error("{from} refers to {to}, which the closure lacks")]
    Open {
        /// Who refers.
        from: String,
        /// To what.
        to: String,
    },
}

impl Graph {
    /// The graph of the closure of `environment`. Paths that the environment
    /// does not reach are left out. Self references and cycles are harmless.
    ///
    /// # Errors
    /// [`GraphError`], if `paths` is not a closure of `environment`.
    pub fn new(environment: &str, paths: &[ClosurePath]) -> Result<Graph, GraphError> {
        let mut number = HashMap::with_capacity(paths.len());
        for (i, path) in paths.iter().enumerate() {
            if number.insert(path.path.as_str(), i).is_some() {
                return Err(GraphError::Twice(path.path.clone()));
            }
        }
        let root = *number
            .get(environment)
            .ok_or_else(|| GraphError::NoRoot(environment.into()))?;
        let mut references = Vec::with_capacity(paths.len());
        for (i, path) in paths.iter().enumerate() {
            let mut to = Vec::with_capacity(path.references.len());
            for reference in &path.references {
                let open = || GraphError::Open {
                    from: path.path.clone(),
                    to: reference.clone(),
                };
                to.push(*number.get(reference.as_str()).ok_or_else(open)?);
            }
            to.retain(|&j| j != i);
            references.push(to);
        }
        Ok(Graph::ordered(paths, &references, root))
    }

    /// Renumbers, and adds what follows from the references.
    fn ordered(paths: &[ClosurePath], references: &[Vec<usize>], root: usize) -> Graph {
        let distance = distances(references, root);
        let mut order: Vec<usize> = (0..paths.len()).filter(|&i| distance[i].is_some()).collect();
        order.sort_by_key(|&i| (distance[i], paths[i].path.as_str()));
        let mut number = vec![0; paths.len()];
        for (new, &old) in order.iter().enumerate() {
            number[old] = new;
        }
        let mut nodes: Vec<Node> = order
            .iter()
            .map(|&old| {
                let mut references: Vec<usize> = references[old].iter().map(|&to| number[to]).collect();
                references.sort_unstable();
                references.dedup();
                Node {
                    path: paths[old].path.clone(),
                    own: paths[old].nar_size,
                    added: 0,
                    distance: distance[old].unwrap_or_default(),
                    references,
                    referrers: Vec::new(),
                }
            })
            .collect();
        for from in 0..nodes.len() {
            for to in nodes[from].references.clone() {
                nodes[to].referrers.push(from);
            }
        }
        let mut graph = Graph { nodes };
        graph.add_up();
        graph
    }

    /// Fills in the added sizes: those of the dominator tree's subtrees.
    fn add_up(&mut self) {
        let references: Vec<Vec<usize>> = self.nodes.iter().map(|node| node.references.clone()).collect();
        let found = dominators(&references, 0);
        let mut added: Vec<u64> = found.order.iter().map(|&node| self.nodes[node].own).collect();
        for place in (1..added.len()).rev() {
            added[found.idom[place]] += added[place];
        }
        for (place, &node) in found.order.iter().enumerate() {
            self.nodes[node].added = added[place];
        }
    }

    /// The sum of all own sizes, in bytes.
    pub fn total(&self) -> u64 {
        self.nodes.iter().map(|node| node.own).sum()
    }

    /// Numbers in the order in which they are shown: the largest added size
    /// first, then the largest own size, then by path.
    pub fn by_added(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.nodes.len()).collect();
        order.sort_by_key(|&i| {
            let node = &self.nodes[i];
            // The environment adds all there is, and so may what it wraps.
            (
                std::cmp::Reverse((node.added, i == 0, node.own)),
                node.path.as_str(),
            )
        });
        order
    }

    /// One shortest chain from the environment to `node`, both included.
    pub fn chain(&self, node: usize) -> Vec<usize> {
        let mut chain = vec![node];
        let mut at = node;
        while at != 0 {
            // Numbers ascend with the distance, so the first referrer is nearest.
            at = self.nodes[at].referrers[0];
            chain.push(at);
        }
        chain.reverse();
        chain
    }
}

/// Steps from the root to each node, by the shortest way.
fn distances(references: &[Vec<usize>], root: usize) -> Vec<Option<usize>> {
    let mut distance = vec![None; references.len()];
    distance[root] = Some(0);
    let mut queue = VecDeque::from([(root, 0)]);
    while let Some((node, steps)) = queue.pop_front() {
        for &to in &references[node] {
            if distance[to].is_none() {
                distance[to] = Some(steps + 1);
                queue.push_back((to, steps + 1));
            }
        }
    }
    distance
}
