//! Which slots go: the decision, on random caches.

use cargo_nix::cache::Key;
use cargo_nix::gc::{GRACE, Place, Plan, STALE, Seen, SeenProject, SeenSlot, closure_difference, plan};
use cargo_nix_protocol::ClosurePath;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

fn key(n: u8) -> Key {
    Key::parse(&format!("{n:032x}")).expect("a key")
}

fn keys() -> impl Strategy<Value = Vec<Key>> {
    prop::collection::btree_set(0u8..20, 0..8)
        .prop_map(|set| set.into_iter().map(key).collect::<Vec<_>>())
        .prop_shuffle()
}

fn project() -> impl Strategy<Value = SeenProject> {
    let place = prop_oneof![
        3 => Just(Place::There("/there".into())),
        1 => Just(Place::Gone("/gone".into())),
        1 => age(STALE).prop_map(Place::Unknown),
    ];
    ("[a-f]{4}", place, keys()).prop_map(|(id, place, history)| SeenProject { id, place, history })
}

/// An age around one of the bounds.
fn age(bound: Duration) -> impl Strategy<Value = Duration> {
    prop_oneof![
        Just(Duration::ZERO),
        Just(bound - Duration::from_nanos(1)),
        Just(bound),
        Just(bound * 3)
    ]
}

fn seen() -> impl Strategy<Value = Seen> {
    let slots = prop::collection::btree_map(0u8..20, age(GRACE), 0..20);
    let left_overs = prop::collection::btree_map("[a-z]{3}", age(STALE), 0..4);
    let projects = prop::collection::vec(project(), 0..5).prop_map(|projects| {
        // Directories below `projects/`: no two have one name.
        let named: BTreeMap<_, _> = projects
            .into_iter()
            .map(|project| (project.id.clone(), project))
            .collect();
        named.into_values().collect::<Vec<_>>()
    });
    (projects, slots, keys(), left_overs).prop_map(|(projects, slots, locks, left)| {
        let slot = |(n, age)| SeenSlot {
            key: key(n),
            age,
            roots: 1,
            environment: None,
        };
        Seen {
            projects,
            slots: slots.into_iter().map(slot).collect(),
            locks,
            left_overs: left
                .into_iter()
                .map(|(name, age)| (PathBuf::from(name), age))
                .collect(),
        }
    })
}

/// The cache after the plan was carried out.
fn carried_out(seen: &Seen, plan: &Plan) -> Seen {
    let forgotten: BTreeSet<&String> = plan.projects.iter().map(|(id, _)| id).collect();
    let mut left = seen.clone();
    left.projects.retain(|project| !forgotten.contains(&project.id));
    left.slots.retain(|slot| !plan.slots.contains(slot));
    left.locks.retain(|key| !plan.locks.contains(key));
    left.left_overs
        .retain(|(path, _)| !plan.left_overs.contains(path));
    left
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn the_last_slots_of_each_project_that_is_there_stay(seen in seen(), keep in 0usize..7) {
        let plan = plan(&seen, keep);
        let dropped: BTreeSet<&Key> = plan.slots.iter().map(|slot| &slot.key).collect();
        for project in seen.projects.iter().filter(|project| matches!(project.place, Place::There(_))) {
            let newest = &project.history[project.history.len().saturating_sub(keep)..];
            for key in newest {
                prop_assert!(!dropped.contains(key));
            }
        }
    }

    #[test]
    fn what_stays_is_wanted_or_young_and_nothing_is_both_or_neither(seen in seen(), keep in 0usize..7) {
        let plan = plan(&seen, keep);
        for slot in &plan.kept {
            let wants = |project: &SeenProject| {
                matches!(project.place, Place::There(_))
                    && project.history.iter().rev().take(keep).any(|key| *key == slot.key)
            };
            prop_assert!(slot.age < GRACE || seen.projects.iter().any(wants));
        }
        let mut all = [plan.kept.clone(), plan.slots.clone()].concat();
        all.sort_by(|a, b| a.key.cmp(&b.key));
        prop_assert_eq!(all, seen.slots);
    }

    #[test]
    fn a_slot_that_stays_keeps_its_lock(seen in seen()) {
        let plan = plan(&seen, 5);
        for slot in &plan.kept {
            prop_assert!(!plan.locks.contains(&slot.key));
        }
    }

    #[test]
    fn only_projects_that_are_there_are_remembered_and_only_what_is_stale_goes(seen in seen()) {
        let plan = plan(&seen, 5);
        let left = carried_out(&seen, &plan);
        let ids: BTreeSet<&String> = plan.projects.iter().map(|(id, _)| id).collect();
        for project in &left.projects {
            let stays = match &project.place {
                Place::There(_) => true,
                Place::Gone(_) => false,
                Place::Unknown(idle) => *idle < STALE,
            };
            prop_assert!(stays || ids.contains(&project.id));
        }
        prop_assert!(left.left_overs.iter().all(|(_, age)| *age < STALE));
        prop_assert_eq!(left.left_overs.len() + plan.left_overs.len(), seen.left_overs.len());
    }

    #[test]
    fn a_second_run_finds_nothing(seen in seen(), keep in 0usize..7) {
        let first = plan(&seen, keep);
        prop_assert!(plan(&carried_out(&seen, &first), keep).is_empty());
    }

    #[test]
    fn bytes_are_those_that_only_the_dropped_hold(
        sizes in prop::collection::vec(0u64..1000, 8),
        dropped in prop::collection::vec(prop::collection::btree_set(0usize..8, 0..6), 0..4),
        kept in prop::collection::vec(prop::collection::btree_set(0usize..8, 0..6), 0..4),
    ) {
        let closures = |sets: &[BTreeSet<usize>]| -> Vec<Vec<ClosurePath>> {
            let path = |i: &usize| ClosurePath { path: i.to_string(), nar_size: sizes[*i], references: vec![] };
            sets.iter().map(|set| set.iter().map(path).collect()).collect()
        };
        let only: BTreeMap<usize, u64> = sizes.iter().copied().enumerate()
            .filter(|(i, _)| dropped.iter().any(|set| set.contains(i)) && !kept.iter().any(|set| set.contains(i)))
            .collect();
        prop_assert_eq!(closure_difference(&closures(&dropped), &closures(&kept)), only.values().sum::<u64>());
    }
}
