//! What a project's evaluation can have added to the store: parts of the
//! toolchains of this machine as they were described, and nothing else.

mod common;
mod nixlib_help;

use cargo_nix::host::Host;
use cargo_nix::vars::Vars;
use nixlib_help::Case;
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt;

const SECRET: &str = "a-file-that-only-its-owner-reads";

/// The two ways in which an evaluation can ask.
fn asking(import: &Value) -> [String; 2] {
    let list = json!([import]).to_string();
    [
        format!("{{ rust }}: throw ''cargo-nix-needs-imports {list}''\n"),
        format!(
            "{{ pkg-config }}: {{ buildInputs = [ (pkg-config // {{\n  \
             cargoNix.imports = builtins.fromJSON ''{list}'';\n}}) ]; }}\n"
        ),
    ]
}

/// A directory with a program called rustc that is none, and a file that nobody
/// else may read.
fn strange_directory(case: &Case) -> String {
    let secret = case.world.write(&format!("elsewhere/{SECRET}"), "key\n");
    std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o600)).expect("the owner's");
    case.world.script("elsewhere/bin/rustc", "echo strange");
    case.world
        .path()
        .join("elsewhere")
        .to_str()
        .expect("UTF-8")
        .to_owned()
}

fn refused(case: &Case, import: &Value) {
    for text in asking(import) {
        case.world.write("project/crate-env.nix", &text);
        let fault = case.fault();
        assert!(fault.contains("to be added to the store"), "{text}{fault}");
        let name = import["name"].as_str().expect("a name");
        let told = std::fs::read_dir(case.world.store_dir()).expect("the store");
        let added = told.filter(|entry| {
            let path = entry.as_ref().expect("an entry").path();
            path.to_string_lossy().ends_with(name) && path.join(SECRET).exists()
        });
        assert_eq!(added.count(), 0, "{text}");
    }
}

#[test]
fn a_file_of_the_user_is_not_added_to_the_store() {
    let case = Case::new(&[]);
    let root = strange_directory(&case);
    let name = format!("strange-{}", std::process::id());
    refused(
        &case,
        &json!({ "id": name, "name": name, "root": root, "files": [SECRET] }),
    );
}

/// Every project takes its toolchain from what one has imported.
#[test]
fn a_component_is_imported_from_where_it_is() {
    let case = Case::new(&[]);
    let root = strange_directory(&case);
    let vars = Vars {
        rustup_home: Some(common::rustup_home()),
        ..Vars::default()
    };
    let host = Host::checked(&vars, &case.world.cache()).expect("a description");
    let rust = host.describe(&case.world.store_dir())["rust"].take();
    let toolchain = &rust["toolchains"][rust["default"].as_str().expect("a toolchain")];
    let rustc = &toolchain["components"]["rustc"];
    let version = rustc["version"].as_str().expect("a version");
    let name = format!("rustc-{version}");
    let files = json!(["bin/rustc"]);
    refused(
        &case,
        &json!({ "id": rustc["id"], "name": name, "root": root, "files": files }),
    );
    let from = json!({ "id": rustc["id"], "name": name, "root": toolchain["root"], "files": files });
    refused(&case, &from);

    let text = "{ rust }: { toolchain = rust.minimal; }\n";
    case.world.write("other/crate-env.nix", text);
    let said = common::success(
        case.world
            .cargo_nix()
            .args(["exec", "--quiet", "--", "rustc", "-V"])
            .current_dir(case.world.path().join("other")),
    );
    assert!(said.starts_with("rustc "), "{said}");
}
