//! What a key is made of, besides the inputs.

use crate::bounded;
use crate::cache::{Key, KeyParts};
use crate::cli::ObtainArgs;
use crate::error::Result;
use crate::host::{self, Host};
use crate::inputs::Inputs;
use crate::library;
use crate::project::Project;
use crate::vars::Vars;

/// `EnvArguments::crates`: over the host set none.
pub(super) fn native_crates(project: &Project, inputs: &Inputs) -> Result<Vec<String>> {
    if inputs.layout().pins.is_none() {
        return Ok(Vec::new());
    }
    for layer in &project.layers {
        if let Some(text) = bounded::read_if_any(&layer.join("Cargo.lock"), bounded::SMALL)? {
            return Ok(host::sys_crates::in_lock(&text));
        }
    }
    Ok(Vec::new())
}

/// `host`: `None` for whatever machine.
pub(super) fn key(
    args: &ObtainArgs,
    vars: &Vars,
    inputs: &Inputs,
    host: Option<&Host>,
    crates: &[String],
) -> Key {
    Key::of(&KeyParts {
        inputs: &inputs.digest(),
        host: host.map(|host| &host.digest),
        library: &library::digest(),
        system: system(),
        store: vars.store_dir().as_os_str(),
        remote: vars.other_store(),
        impure: args.impure,
        crates,
    })
}

/// Nix's name of this machine.
pub fn system() -> &'static str {
    const fn pick() -> &'static str {
        if cfg!(all(target_arch = "x86_64", target_os = "linux")) {
            "x86_64-linux"
        } else if cfg!(all(target_arch = "aarch64", target_os = "linux")) {
            "aarch64-linux"
        } else if cfg!(all(target_arch = "x86_64", target_os = "macos")) {
            "x86_64-darwin"
        } else if cfg!(all(target_arch = "aarch64", target_os = "macos")) {
            "aarch64-darwin"
        } else {
            panic!("cargo-nix is for Linux and macOS on x86_64 and aarch64")
        }
    }
    const { pick() }
}
