//! For the tests of store-backed units: real cargo, real crates of the
//! registry, a toolchain in the store, and the variables that an environment
//! sets for cargo.

use super::{World, evaluator, rustup_home, success, target_dir};
use cargo_nix::cache::units;
use cargo_nix::host::tree::Tree;
use cargo_nix::host::{Host, imports, sandbox_paths};
use cargo_nix::sealed;
use cargo_nix::vars::Vars;
use serde_json::{Value, json};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A world in which cargo takes its units from the store.
pub struct Units {
    pub world: World,
    /// The toolchain's store path.
    pub toolchain: String,
    context: PathBuf,
    wrapper: PathBuf,
}

impl Units {
    pub fn new() -> Units {
        Units::over(World::new())
    }

    pub fn over(world: World) -> Units {
        let toolchain = import_toolchain(&world);
        let tree = know_tree(&world);
        let environment = environment(&world, "export PATH=/usr/bin:/bin");
        let bin = world.path().join("bin");
        std::fs::create_dir_all(&bin).unwrap();
        let wrapper = bin.join("cargo-nix-rustc");
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_cargo-nix"), &wrapper).unwrap();
        let context = world.path().join("units.context");
        sealed::write(
            &context,
            units::KIND,
            json!({
                "system": system(),
                "storeDir": world.store_dir(),
                "toolchain": { "path": toolchain, "derivation": null },
                "environment": environment,
                "sandboxPaths": sandbox_paths(),
                "tree": tree,
            })
            .to_string()
            .as_bytes(),
        )
        .unwrap();
        Units {
            world,
            toolchain,
            context,
            wrapper,
        }
    }

    /// Gives the units of one package an environment of their own.
    pub fn set_crate(&self, name: &str, shell: &str, sandbox: bool) {
        let environment = environment(&self.world, shell);
        self.edit(|context| {
            let mut environments = context["environments"].as_array().cloned().unwrap_or_default();
            context["crates"][name] = json!({ "environment": environments.len(), "sandbox": sandbox });
            environments.push(environment);
            context["environments"] = Value::Array(environments);
        });
    }

    /// Says which variables that environment sets for the package alone.
    pub fn set_crate_variables(&self, name: &str, variables: &[&str]) {
        self.edit(|context| context["crates"][name]["variables"] = json!(variables));
    }

    fn edit(&self, edit: impl FnOnce(&mut Value)) {
        let bytes = sealed::read(&self.context, units::KIND).unwrap();
        let mut context = serde_json::from_slice(&bytes).unwrap();
        edit(&mut context);
        sealed::write(&self.context, units::KIND, context.to_string().as_bytes()).unwrap();
    }

    /// Gives the units of every other package another environment.
    pub fn set_environment(&self, shell: &str) {
        let environment = environment(&self.world, shell);
        self.edit(|context| context["environment"] = environment);
    }

    /// A directory below the world's, in the store.
    pub fn import(&self, name: &str) -> String {
        let root = self.world.path().join(name);
        let names = std::fs::read_dir(&root).unwrap();
        let files: Vec<_> = names
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        let item = json!({ "id": "t", "name": name, "root": root, "files": files });
        let answer = ask(&self.world, json!({ "verb": "import", "items": [item] }));
        answer["paths"]["t"].as_str().unwrap().to_owned()
    }

    /// Says what the environment sets for the members alone.
    pub fn set_members(&self, name: &str, value: &str) {
        self.edit(|context| context["members"][name] = json!(value));
    }

    /// Gives the environment another host tree.
    pub fn set_tree(&self, tree: Value) {
        self.edit(|context| context["tree"] = tree);
    }

    /// A cache of its own, as another user has: it knows the machine, and no unit.
    pub fn another_cache(&self, name: &str) -> PathBuf {
        let home = self.world.path().join(name);
        know_tree_in(&self.world, &home.join("cargo-nix"));
        home
    }

    /// Nix's name of this machine.
    pub fn system(&self) -> String {
        system()
    }

    /// cargo of the store's toolchain, without the wrapper.
    pub fn plain_cargo(&self, project: &Path) -> Command {
        let bin = Path::new(&self.toolchain).join("bin");
        let mut command = self.world.command(bin.join("cargo"));
        let path = std::env::join_paths([bin.as_path(), Path::new("/usr/bin"), Path::new("/bin")]).unwrap();
        command
            .current_dir(project)
            .env("PATH", path)
            .env("CARGO_HOME", cargo_home())
            .env_remove("RUSTUP_HOME");
        command
    }

    /// cargo, as in an environment.
    pub fn cargo(&self, project: &Path) -> Command {
        let mut command = self.plain_cargo(project);
        command
            .env("RUSTC_WRAPPER", &self.wrapper)
            .env("CARGO_NIX_UNITS_CONTEXT", &self.context)
            .env("CARGO_NIX_DEBUG", "1");
        command
    }

    /// The wrapper itself, as cargo calls it.
    pub fn wrapper(&self, project: &Path) -> Command {
        let mut command = self.world.command(&self.wrapper);
        command
            .current_dir(project)
            .env("CARGO_NIX_UNITS_CONTEXT", &self.context);
        command
    }

    /// A project with these dependencies (lines of Cargo.toml) and main.rs.
    pub fn project(&self, name: &str, dependencies: &str, main: &str) -> PathBuf {
        let manifest = format!(
            "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[workspace]\n\n[dependencies]\n{dependencies}\n"
        );
        self.world.write(&format!("{name}/Cargo.toml"), &manifest);
        self.world.write(&format!("{name}/src/main.rs"), main);
        self.world.path().join(name)
    }
}

/// cargo's home of all tests, so that crates are downloaded once.
pub fn cargo_home() -> PathBuf {
    let home = target_dir().join("test-cargo-home");
    std::fs::create_dir_all(&home).unwrap();
    home
}

fn system() -> String {
    format!(
        "{}-{}",
        std::env::consts::ARCH,
        if cfg!(target_os = "macos") {
            "darwin"
        } else {
            "linux"
        }
    )
}

/// The default toolchain of the machine's rustup, in the store.
fn import_toolchain(world: &World) -> String {
    let sysroot = success(world.command("rustc").args(["--print", "sysroot"]));
    let sysroot = PathBuf::from(sysroot.trim());
    assert!(
        sysroot.starts_with(rustup_home()),
        "{} is not of rustup",
        sysroot.display()
    );
    let item = json!({ "id": "t", "name": "rust", "root": sysroot, "files": ["bin", "lib"] });
    let answer = ask(world, json!({ "verb": "import", "items": [item] }));
    answer["paths"]["t"]
        .as_str()
        .unwrap_or_else(|| panic!("{answer}"))
        .to_owned()
}

/// The host tree, added to the world's store once in a test run; the world's
/// cache knows it then. As `tree` of a context.
pub fn know_tree(world: &World) -> Value {
    know_tree_in(world, &world.cache())
}

fn know_tree_in(world: &World, cache: &Path) -> Value {
    let store = world.store_dir();
    let shared = store.join("../../cache");
    std::fs::create_dir_all(&shared).unwrap();
    let lock = std::fs::File::create(shared.join("tree.lock")).unwrap();
    lock.lock().unwrap();
    let description = Host::checked(&Vars::read(), &shared).unwrap().tree();
    let id = description["id"]
        .as_str()
        .expect("dpkg knows what this machine consists of");
    let tree = Tree::known(&shared, id).unwrap();
    let path = imports::known(&shared, &store).remove(id).unwrap_or_else(|| {
        let answer = ask(world, json!({ "verb": "import", "items": [tree.import()] }));
        let path = answer["paths"][id].as_str().unwrap().to_owned();
        imports::remember(&shared, &store, id, &path).unwrap();
        path
    });
    tree.remember(cache).unwrap();
    imports::remember(cache, &store, id, &path).unwrap();
    description
}

/// A file of sh in the store, which refers to the store paths that it names.
fn environment(world: &World, shell: &str) -> Value {
    let variables = json!({ "text": shell });
    let inputs: Vec<_> = shell
        .split(['=', ':', ' '])
        .filter(|word| Path::new(word).starts_with(world.store_dir()))
        .map(|path| json!({ "path": path, "derivation": null }))
        .collect();
    let answer = ask(
        world,
        json!({
            "verb": "unit", "name": "environment", "system": system(), "arguments": [], "inputs": inputs,
            "script": "printf '%s\\n' \"$text\" > $out", "variables": variables,
        }),
    );
    json!({ "path": answer["path"], "derivation": answer["derivation"] })
}

/// One request to an evaluator of its own.
pub fn ask(world: &World, ask: Value) -> Value {
    let event = tell(world, &[], ask);
    assert_eq!(event["event"], "answer", "{event}");
    event
}

/// Likewise, to an evaluator whose builds see these mounts; the answer or the failure.
pub fn tell(world: &World, mounts: &[String], ask: Value) -> Value {
    let settings = json!({
        "impure": true, "offline": false, "sandbox_paths": sandbox_paths(), "mounts": mounts, "sandboxed": true,
    });
    let request = json!({ "version": cargo_nix_protocol::VERSION, "settings": settings, "ask": ask });
    let mut child = world
        .command(evaluator())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the evaluator starts; `make test` builds it");
    // The evaluator ends when its input does.
    writeln!(child.stdin.take().unwrap(), "{request}").unwrap();
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(text.lines().last().unwrap_or("null")).unwrap()
}

/// Removes the target directory. The build service may be making its root in it,
/// which whoever removes it at that moment is told as "not empty".
pub fn remove_target(project: &Path) {
    let target = project.join("target");
    for _ in 0..100 {
        match std::fs::remove_dir_all(&target) {
            Err(error) if error.kind() == std::io::ErrorKind::DirectoryNotEmpty => {}
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => panic!("{error}"),
            _ => return,
        }
    }
    panic!("{} fills again and again", target.display());
}
