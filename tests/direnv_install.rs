//! How `use cargo-nix` comes to direnv: installed on request, or printed by the
//! program.

mod common;
mod direnv_help;

use common::{World, both, run, success};
use direnv_help::{Session, shell};

#[test]
fn the_extension_is_installed_on_request_and_over_nothing_of_others() {
    let world = World::new();
    let file = world.home().join("config/direnv/lib/cargo-nix.sh");
    let install = |world: &World| {
        let mut command = world.cargo_nix();
        run(command
            .args(["direnv", "install"])
            .env("XDG_CONFIG_HOME", world.home().join("config")))
    };
    let first = install(&world);
    assert!(first.status.success(), "{}", both(&first));
    let text = std::fs::read_to_string(&file).expect("the extension");
    assert_eq!(success(world.cargo_nix().args(["direnv", "stdlib"])), text);
    // An older one of ours is replaced.
    std::fs::write(&file, "use_cargo-nix() { :; }\n").expect("an old version");
    assert!(install(&world).status.success());
    assert_eq!(std::fs::read_to_string(&file).expect("the extension"), text);
    std::fs::write(&file, "mine() { :; }\n").expect("somebody's file");
    let refused = install(&world);
    assert_eq!(refused.status.code(), Some(7), "{}", both(&refused));
    assert_eq!(
        std::fs::read_to_string(&file).expect("it stays"),
        "mine() { :; }\n"
    );
}

#[test]
fn nothing_has_to_be_installed() {
    let mut session = Session::over(World::new());
    session.write("crate-env.nix", &shell("printed"));
    session.envrc("eval \"$(cargo-nix direnv stdlib)\"\nuse cargo-nix --wait\n");
    session.prompt();
    assert_eq!(
        session.get("GREETING").as_deref(),
        Some("printed"),
        "{}",
        session.said
    );
}
