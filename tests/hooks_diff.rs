//! Entering and leaving, without any shell: whatever the variables are, leaving
//! gives them back byte for byte; what the user changed meanwhile is his.

use cargo_nix::env::Env;
use cargo_nix::env::diff::{Undo, Variables, differences, enter};
use cargo_nix::env::merge::merge;
use proptest::prelude::*;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStringExt;

fn entered(env: &Env, base: &Variables) -> (Variables, Undo) {
    let changes = merge(env, |name| base.get(OsStr::new(name)).cloned());
    enter(&changes, base)
}

/// Few names, so that environments and users meet in them.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("PATH".to_owned()),
        Just("XDG_DATA_DIRS".to_owned()),
        Just("MANPATH".to_owned()),
        "[A-D]",
    ]
}

fn bytes() -> impl Strategy<Value = OsString> {
    let list = prop::collection::vec("[a-c]?", 0..5).prop_map(|parts| parts.join(":").into_bytes());
    prop_oneof![list, prop::collection::vec(1..=255u8, 0..20)].prop_map(OsString::from_vec)
}

fn variables() -> impl Strategy<Value = Variables> {
    let odd = prop::collection::vec((1..=255u8).prop_filter("no equals", |b| *b != b'='), 1..4);
    let names = prop_oneof![4 => name().prop_map(OsString::from), 1 => odd.prop_map(OsString::from_vec)];
    prop::collection::btree_map(names, bytes(), 0..8)
}

fn environment() -> impl Strategy<Value = Env> {
    let texts = prop::collection::btree_map(name(), "[a-c:]{0,6}|[^\0]{0,9}", 0..5);
    let lists = prop::collection::btree_map(name(), prop::collection::vec("[a-d]", 0..4), 0..4);
    (texts, lists).prop_map(|(variables, prepend)| Env {
        variables,
        prepend,
        ..Env::default()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn leaving_gives_back_what_was_there(base in variables(), envs in prop::collection::vec(environment(), 1..4)) {
        let (mut now, mut undo) = (base.clone(), Undo::default());
        for env in &envs {
            // The inputs change: out of the old environment, into the new one.
            let outside = undo.leave(&now);
            prop_assert_eq!(&outside, &base);
            (now, undo) = entered(env, &outside);
            // What a shell is told makes the one of the other.
            let mut told = outside.clone();
            for change in differences(&outside, &now).list {
                match change.value {
                    Some(value) => told.insert(change.name.into(), value.joined()),
                    None => told.remove(OsStr::new(&change.name)),
                };
            }
            prop_assert_eq!(&told, &now);
            undo.retouch("CARGO_NIX_STATUS", "stale", &mut now);
            undo.retouch("CARGO_NIX_STATUS", "ready", &mut now);
        }
        prop_assert_eq!(undo.leave(&now), base);
    }

    #[test]
    fn what_the_user_set_meanwhile_is_his(base in variables(), env in environment(), hand in variables()) {
        let (mut now, undo) = entered(&env, &base);
        let changed: Vec<_> = hand.into_iter().filter(|(name, _)| !env.prepend.contains_key(&*name.to_string_lossy())).collect();
        let set: Vec<_> = changed.into_iter().filter(|(name, value)| now.get(name) != Some(value)).collect();
        now.extend(set.iter().cloned());
        let after = undo.leave(&now);
        for (name, value) in &base {
            let expected = set.iter().find(|(set, _)| set == name).map_or(value, |(_, value)| value);
            prop_assert_eq!(after.get(name), Some(expected));
        }
        for (name, value) in &set {
            prop_assert_eq!(after.get(name), Some(value));
        }
    }

    #[test]
    fn additions_to_a_list_are_kept(old in "[a-c](:[a-c]){0,3}", ours in prop::collection::vec("[a-f]", 1..4),
                                    before in "(x:)?", after in "(:y)?") {
        let base = Variables::from([("PATH".into(), old.clone().into())]);
        let env = Env { prepend: [("PATH".to_owned(), ours)].into(), ..Env::default() };
        let (mut now, undo) = entered(&env, &base);
        let inside = now[OsStr::new("PATH")].to_str().expect("UTF-8").to_owned();
        now.insert("PATH".into(), format!("{before}{inside}{after}").into());
        let left = undo.leave(&now);
        prop_assert_eq!(left[OsStr::new("PATH")].to_str(), Some(&*format!("{before}{old}{after}")));
    }
}

#[test]
fn of_a_rearranged_list_only_our_entries_go() {
    let base = Variables::from([("PATH".into(), "/bin:/shared".into())]);
    let env = Env {
        prepend: [("PATH".to_owned(), vec!["/ours".to_owned(), "/shared".to_owned()])].into(),
        ..Env::default()
    };
    let (mut now, undo) = entered(&env, &base);
    assert_eq!(now[OsStr::new("PATH")], "/ours:/shared:/bin");
    now.insert("PATH".into(), "/shared:/mine:/ours:/bin".into());
    assert_eq!(undo.leave(&now)[OsStr::new("PATH")], "/shared:/mine:/bin");
    now.remove(OsStr::new("PATH"));
    assert!(
        !undo.leave(&now).contains_key(OsStr::new("PATH")),
        "unset by hand"
    );
}
