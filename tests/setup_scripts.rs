//! What the set-up takes from the machine's own configuration.

mod common;

use common::{World, repository, run};

/// The mirror that is found below `<world>/apt`.
fn mirror(world: &World) -> String {
    let mut command = world.command("bash");
    command.args([
        "-euo",
        "pipefail",
        "-c",
        ". scripts/setup/common.sh; apt_configuration=$1 && debian_mirror",
        "bash",
    ]);
    let output = run(command.arg(world.path().join("apt")).current_dir(repository()));
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn the_mirror_of_each_kind_of_source_is_found() {
    let sources = "Types: deb deb-src\nURIs: URI\nSuites: bookworm\nComponents: main\n";
    let expected = "http://mirror.example/debian\n";
    for (file, text) in [
        (
            "sources.list",
            "deb [arch=amd64] http://mirror.example/debian bookworm main\n".to_owned(),
        ),
        (
            "sources.list.d/debian.sources",
            sources.replace("URI\n", "http://mirror.example/debian\n"),
        ),
    ] {
        let world = World::new();
        world.write(&format!("apt/{file}"), &text);
        assert_eq!(mirror(&world), expected, "{file}");
    }
    assert_eq!(mirror(&World::new()), "", "no sources");
}

/// Images for clouds have their mirrors in files of their own.
#[test]
fn the_mirror_of_a_list_is_found() {
    let world = World::new();
    let list = |name: &str| format!("URIs: mirror+file://{}\n", world.path().join(name).display());
    world.write("security", "http://mirror.example/debian-security\n");
    world.write(
        "main",
        "# of this image\nhttp://mirror.example/debian priority:1\nhttp://other.example/debian\n",
    );
    world.write(
        "apt/sources.list.d/debian.sources",
        &(list("security") + &list("main")),
    );
    assert_eq!(mirror(&world), "http://mirror.example/debian\n");
    world.write("main", "http://other.example/debian/\n");
    assert_eq!(mirror(&world), "http://other.example/debian/\n");
}
