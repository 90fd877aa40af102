use crate::world::World;
use cargo_nix_protocol::{Answer, Ask, Settings};

#[test]
fn a_probe_tells_versions_and_the_store() {
    let world = World::new();
    let Ok(Answer::Probe {
        nix,
        store_dir,
        trusted: None,
        nix_store: Some(program),
        unsealed: None,
        store_uri,
    }) = world.outcome(Settings::default(), Ask::Probe)
    else {
        panic!("no probe")
    };
    assert!(nix.starts_with("2."), "{nix}");
    assert_eq!(store_dir, world.store_dir().to_string_lossy());
    assert!(!store_uri.is_empty());
    assert!(program.ends_with("nix-store"), "{}", program.display());
}
