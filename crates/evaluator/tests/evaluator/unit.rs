use crate::world::{World, system};
use cargo_nix_protocol::{Answer, Ask, Failure, Settings, StoreInput, UnitAsk};
use std::collections::BTreeMap;

fn unit(
    world: &World,
    name: &str,
    script: &str,
    inputs: Vec<StoreInput>,
) -> Result<(String, String), Box<Failure>> {
    let ask = UnitAsk {
        name: name.to_owned(),
        system: system(),
        script: script.to_owned(),
        arguments: vec!["a b".to_owned(), "$HOME".to_owned()],
        variables: BTreeMap::from([("CARGO_PKG_NAME".to_owned(), "it's".to_owned())]),
        root: None,
        inputs,
    };
    match world.outcome(Settings::default(), Ask::Unit(Box::new(ask)))? {
        Answer::Unit { path, derivation } => Ok((path, derivation)),
        other => panic!("not a unit: {other:?}"),
    }
}

#[test]
fn arguments_and_variables_reach_the_script() {
    let world = World::new();
    let (path, _) = unit(
        &world,
        "x",
        "printf '%s|' \"$0\" \"$@\" \"$CARGO_PKG_NAME\" > $out",
        vec![],
    )
    .expect("a unit");
    assert_eq!(
        std::fs::read_to_string(path).expect("the output"),
        "unit|a b|$HOME|it's|"
    );
}

/// A dependency enters as a derivation, so that it is built again where only the
/// graph is known.
#[test]
fn a_dependency_enters_as_its_derivation() {
    let world = World::new();
    let (path, derivation) = unit(&world, "dep", "echo dep > $out", vec![]).expect("a unit");
    let input = StoreInput {
        path: path.clone(),
        derivation: Some(derivation.clone()),
    };
    let script = format!("read -r x < {path}; echo $x {path} > $out");
    let (_, user) = unit(&world, "user", &script, vec![input]).expect("a unit");
    let text = std::fs::read_to_string(user).expect("a derivation");
    assert!(
        text.contains(&format!("[(\"{derivation}\",[\"out\"])]")),
        "{text}"
    );
}
