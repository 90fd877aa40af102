//! For the tests of store-backed units: real cargo, real crates of the
//! registry, a toolchain in the store, and the variables that an environment
//! sets for cargo.

use super::{World, evaluator, rustup_home, success, target_dir};
use serde_json::{Value, json};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The directories of this machine that units see, as the host set has them.
pub const SANDBOX_PATHS: [&str; 4] = ["/usr", "/lib", "/lib64", "/etc/alternatives"];

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
        let environment = environment(&world, "export PATH=/usr/bin:/bin");
        let bin = world.path().join("bin");
        std::fs::create_dir_all(&bin).unwrap();
        let wrapper = bin.join("cargo-nix-rustc");
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_cargo-nix"), &wrapper).unwrap();
        let context = world.write(
            "units.json",
            &json!({
                "system": system(),
                "storeDir": world.store_dir(),
                "toolchain": { "path": toolchain, "derivation": null },
                "environment": environment,
                "sandboxPaths": SANDBOX_PATHS,
            })
            .to_string(),
        );
        Units {
            world,
            toolchain,
            context,
            wrapper,
        }
    }

    /// Gives the units of one package an environment of their own.
    pub fn set_crate(&self, name: &str, shell: &str, sandbox: bool) {
        let mut context: Value = serde_json::from_slice(&std::fs::read(&self.context).unwrap()).unwrap();
        context["crates"][name] =
            json!({ "environment": environment(&self.world, shell), "sandbox": sandbox });
        std::fs::write(&self.context, context.to_string()).unwrap();
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

/// A file of sh in the store.
fn environment(world: &World, shell: &str) -> Value {
    let variables = json!({ "text": shell, "PATH": "/usr/bin:/bin" });
    let answer = ask(
        world,
        json!({
            "verb": "unit", "name": "environment", "system": system(), "arguments": [], "inputs": [],
            "script": "printf '%s\\n' \"$text\" > $out", "variables": variables, "host_paths": SANDBOX_PATHS,
        }),
    );
    json!({ "path": answer["path"], "derivation": answer["derivation"] })
}

/// One request to an evaluator of its own.
pub fn ask(world: &World, ask: Value) -> Value {
    let settings = json!({ "impure": true, "offline": false, "sandbox_paths": SANDBOX_PATHS });
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
    let event: Value = serde_json::from_str(text.lines().last().unwrap_or("null")).unwrap();
    assert_eq!(event["event"], "answer", "{text}");
    event
}
