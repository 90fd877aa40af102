//! A squarified treemap (after Bruls, Huizing and van Wijk, 2000): rectangles
//! whose areas are as the weights, as near to squares as a greedy choice gets.

/// A rectangle, in the units of its viewport.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rect {
    /// Left edge.
    pub x: f64,
    /// Top edge.
    pub y: f64,
    /// Width.
    pub w: f64,
    /// Height.
    pub h: f64,
}

impl Rect {
    /// Its area.
    pub fn area(&self) -> f64 {
        self.w * self.h
    }
}

/// Fills `within` with one rectangle for each weight, in their order, which
/// must be descending. Weights that are not positive get no area.
pub(super) fn squarify(weights: &[f64], within: Rect) -> Vec<Rect> {
    let sum: f64 = weights.iter().filter(|weight| **weight > 0.0).sum();
    let scale = if sum > 0.0 { within.area() / sum } else { 0.0 };
    let areas: Vec<f64> = weights.iter().map(|weight| weight.max(0.0) * scale).collect();
    let mut rects = Vec::with_capacity(areas.len());
    let mut left = within;
    while rects.len() < areas.len() {
        let rest = &areas[rects.len()..];
        let side = left.w.min(left.h);
        let mut taken = 1;
        let mut row = rest[0];
        while let Some(next) = rest.get(taken) {
            if worst(rest[0], *next, row + next, side) > worst(rest[0], rest[taken - 1], row, side) {
                break;
            }
            row += next;
            taken += 1;
        }
        left = lay(&rest[..taken], row, left, &mut rects);
    }
    rects
}

/// The worst ratio of sides in a row of areas from `most` to `least`, `sum` in
/// all, along `side`.
fn worst(most: f64, least: f64, sum: f64, side: f64) -> f64 {
    if least <= 0.0 || sum <= 0.0 || side <= 0.0 {
        return f64::INFINITY;
    }
    let (square, sum) = (side * side, sum * sum);
    (square * most / sum).max(sum / (square * least))
}

/// Lays a row along the shorter side; what is left of the space comes back.
fn lay(areas: &[f64], row: f64, space: Rect, rects: &mut Vec<Rect>) -> Rect {
    let Rect { x, y, w, h } = space;
    let upright = w >= h;
    let side = if upright { h } else { w };
    let depth = if side > 0.0 { row / side } else { 0.0 };
    let mut at = 0.0;
    for area in areas {
        let length = if depth > 0.0 { area / depth } else { 0.0 };
        rects.push(if upright {
            Rect {
                x,
                y: y + at,
                w: depth,
                h: length,
            }
        } else {
            Rect {
                x: x + at,
                y,
                w: length,
                h: depth,
            }
        });
        at += length;
    }
    if upright {
        Rect {
            x: x + depth,
            w: (w - depth).max(0.0),
            ..space
        }
    } else {
        Rect {
            y: y + depth,
            h: (h - depth).max(0.0),
            ..space
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const WITHIN: Rect = Rect {
        x: 10.0,
        y: 20.0,
        w: 300.0,
        h: 200.0,
    };

    proptest! {
        #[test]
        fn areas_are_as_the_weights_and_nothing_overlaps(mut weights in prop::collection::vec(1u32..1_000_000, 1..40)) {
            weights.sort_unstable_by(|a, b| b.cmp(a));
            let weights: Vec<f64> = weights.into_iter().map(f64::from).collect();
            let sum: f64 = weights.iter().sum();
            let rects = squarify(&weights, WITHIN);
            prop_assert_eq!(rects.len(), weights.len());
            for (i, (rect, weight)) in rects.iter().zip(&weights).enumerate() {
                let area = weight / sum * WITHIN.area();
                prop_assert!((rect.area() - area).abs() < 1e-6 * WITHIN.area());
                prop_assert!(rect.x >= WITHIN.x - 1e-6 && rect.x + rect.w <= WITHIN.x + WITHIN.w + 1e-6);
                prop_assert!(rect.y >= WITHIN.y - 1e-6 && rect.y + rect.h <= WITHIN.y + WITHIN.h + 1e-6);
                for other in &rects[..i] {
                    let wide = (rect.x + rect.w).min(other.x + other.w) - rect.x.max(other.x);
                    let high = (rect.y + rect.h).min(other.y + other.h) - rect.y.max(other.y);
                    prop_assert!(wide < 1e-6 || high < 1e-6, "{rect:?} overlaps {other:?}");
                }
            }
        }
    }

    #[test]
    fn weights_of_nothing_get_nothing() {
        assert!(squarify(&[], WITHIN).is_empty());
        assert!(
            squarify(&[0.0, 0.0], WITHIN)
                .iter()
                .all(|rect| rect.area() == 0.0)
        );
        let rects = squarify(&[1.0, 0.0], WITHIN);
        assert_eq!((rects[0].area(), rects[1].area()), (WITHIN.area(), 0.0));
    }
}
