//! Immediate dominators of a rooted graph, after Lengauer and Tarjan (1979),
//! the simple variant: O(m log n), without recursion, cycles welcome.

/// What [`dominators`] finds about the nodes reachable from the root.
pub(super) struct Dominators {
    /// Reachable nodes in depth-first order, the root first. A node comes after
    /// the node that dominates it.
    pub order: Vec<usize>,
    /// For each place in `order` but the first: the place of its immediate
    /// dominator (the first holds 0).
    pub idom: Vec<usize>,
}

const NONE: usize = usize::MAX;

/// The immediate dominators of what `root` reaches in `successors` (a list of
/// node numbers for each node number).
pub(super) fn dominators(successors: &[Vec<usize>], root: usize) -> Dominators {
    let (order, parent, place) = depth_first(successors, root);
    let n = order.len();
    let mut predecessors = vec![Vec::new(); n];
    for (from, &node) in order.iter().enumerate() {
        for &to in &successors[node] {
            predecessors[place[to]].push(from);
        }
    }
    let mut semi: Vec<usize> = (0..n).collect();
    let mut idom = vec![0; n];
    let mut bucket = vec![Vec::new(); n];
    let mut forest = Forest {
        ancestor: vec![NONE; n],
        label: (0..n).collect(),
    };
    for w in (1..n).rev() {
        for &v in &predecessors[w] {
            semi[w] = semi[w].min(semi[forest.least(v, &semi)]);
        }
        bucket[semi[w]].push(w);
        forest.ancestor[w] = parent[w];
        for v in std::mem::take(&mut bucket[parent[w]]) {
            let u = forest.least(v, &semi);
            idom[v] = if semi[u] < semi[v] { u } else { parent[w] };
        }
    }
    for w in 1..n {
        if idom[w] != semi[w] {
            idom[w] = idom[idom[w]];
        }
    }
    Dominators { order, idom }
}

/// Depth-first order, each place's parent place, and the place of each node
/// ([`NONE`] if it is not reachable).
fn depth_first(successors: &[Vec<usize>], root: usize) -> (Vec<usize>, Vec<usize>, Vec<usize>) {
    let mut order = Vec::new();
    let mut parent = Vec::new();
    let mut place = vec![NONE; successors.len()];
    // Nodes to visit, with the place that found them. A node may wait here more
    // than once; the visit that comes first makes it a true depth-first tree.
    let mut waiting = vec![(root, 0)];
    while let Some((node, from)) = waiting.pop() {
        if place[node] != NONE {
            continue;
        }
        let here = order.len();
        place[node] = here;
        order.push(node);
        parent.push(from);
        let unseen = successors[node].iter().rev().filter(|&&to| place[to] == NONE);
        waiting.extend(unseen.map(|&to| (to, here)));
    }
    (order, parent, place)
}

/// The forest of the paper: `label` is the node with the least semidominator
/// on the compressed way up.
struct Forest {
    ancestor: Vec<usize>,
    label: Vec<usize>,
}

impl Forest {
    /// The node with the least semidominator from `v` up to, but without, the
    /// root of its tree.
    fn least(&mut self, v: usize, semi: &[usize]) -> usize {
        let mut way = Vec::new();
        let mut at = v;
        while self.ancestor[at] != NONE && self.ancestor[self.ancestor[at]] != NONE {
            way.push(at);
            at = self.ancestor[at];
        }
        for x in way.into_iter().rev() {
            let above = self.ancestor[x];
            if semi[self.label[above]] < semi[self.label[x]] {
                self.label[x] = self.label[above];
            }
            self.ancestor[x] = self.ancestor[above];
        }
        self.label[v]
    }
}
