use crate::world::World;
use cargo_nix_protocol::{Answer, Ask, Settings};

/// libnix itself trips over a store that is half made: its schema file is empty for
/// an instant. Many processes that realise the same thing in a store that is yet to be made.
#[test]
fn evaluators_share_a_store() {
    let world = World::with_own_store();
    world.write(
        "project/crate-env.nix",
        "{ derive, ... }: { text = \"${derive \"dep\" \"echo > $out\"}\"; }",
    );
    let ask = world.env_ask();
    let paths: Vec<String> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..6)
            .map(|index| {
                let mut ask = ask.clone();
                ask.roots = world.path(&format!("roots-{index}"));
                let world = &world;
                scope.spawn(move || match world.outcome(Settings::default(), Ask::Env(ask)) {
                    Ok(Answer::Env(answer)) => answer.path,
                    other => panic!("{other:?}"),
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().expect("an answer"))
            .collect()
    });
    assert!(paths.iter().all(|path| *path == paths[0]), "{paths:?}");
}
