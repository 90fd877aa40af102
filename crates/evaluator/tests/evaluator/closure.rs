use crate::world::{World, system};
use cargo_nix_protocol::{Answer, Ask, ClosureAsk, ClosurePath, Failure, FailureKind, Settings};

fn closure(world: &World, path: &str) -> Result<Vec<ClosurePath>, Box<Failure>> {
    let ask = ClosureAsk {
        path: path.to_owned(),
        system: system(),
    };
    match world.outcome(Settings::default(), Ask::Closure(ask))? {
        Answer::Closure { paths } => Ok(paths),
        other => panic!("not a closure: {other:?}"),
    }
}

#[test]
fn a_closure_has_sizes_and_references() {
    let world = World::new();
    let crate_env = r#"{ derive, ... }:
        let
          one = derive "one" "echo $out > $out";
          two = derive "two" "echo ${one} > $out";
          unused = derive "unused" "echo > $out";
        in
        { text = "${two} ${builtins.substring 0 0 unused}"; }"#;
    let env = world.env(crate_env).expect("an environment").path;
    let mut paths = closure(&world, &env).expect("a closure");
    paths.sort_by_key(|path| path.path.rsplit('-').next().map(str::to_owned));
    let [envs, one, two] = paths.as_slice() else {
        panic!("{paths:?}")
    };
    assert_eq!(envs.path, env);
    assert_eq!(envs.references, std::slice::from_ref(&two.path));
    assert_eq!(two.references, std::slice::from_ref(&one.path));
    assert!(one.references.is_empty(), "itself left out: {one:?}");
    let told = crate::world::success(world.nix("nix-store").args(["--query", "--size"]).arg(&one.path));
    assert_eq!(one.nar_size.to_string(), told.trim());
}

#[test]
fn what_is_not_in_the_store_has_no_closure() {
    let world = World::new();
    let gone = world.store_dir().join("0123456789abcdfghijklmnpqrsvwxyz-gone");
    let failure = closure(&world, &gone.to_string_lossy()).expect_err("a failure");
    assert_eq!(failure.kind, FailureKind::Store);
    assert!(
        failure.message.ends_with("is not in the store"),
        "{}",
        failure.message
    );
    for nonsense in ["", "/etc", "no\0thing"] {
        let failure = closure(&world, nonsense).expect_err("a failure");
        assert!(
            failure.message.contains("is not a path of the store"),
            "{}",
            failure.message
        );
    }
}
