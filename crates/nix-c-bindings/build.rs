//! Finds libnix, runs bindgen over its C headers, and says which of the things
//! that differ between its releases this one has.
//!
//! Looked for in this order: pkg-config, in any prefix on `PKG_CONFIG_PATH`;
//! the private prefix that `make setup` builds on Debian. Told to the crates
//! that depend on this one (`DEP_NIXEXPRC_<key>` in their build scripts):
//!
//! - `libdirs`: the libraries' directories, separated by colons, for the rpath;
//! - `version`: libnix's version;
//! - `features`: the names of [`FEATURES`] that are there, separated by commas.

use std::env;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// The oldest libnix whose C API suffices.
const OLDEST: &str = "2.26";

/// pkg-config modules, in the order in which they are linked.
const MODULES: [&str; 4] = ["nix-flake-c", "nix-expr-c", "nix-store-c", "nix-util-c"];

/// What differs between releases, and the function whose declaration shows it.
const FEATURES: [(&str, &str); 2] = [
    // From 2.28 on flakes are switched on per evaluator, before that per process.
    (
        "nix_flake_per_state",
        "nix_flake_settings_add_to_eval_state_builder",
    ),
    // From 2.32 on the verbosity can be set.
    ("nix_verbosity", "nix_set_verbosity"),
];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=wrapper.h");
    for name in ["HOME", "XDG_CACHE_HOME"] {
        println!("cargo::rerun-if-env-changed={name}");
    }
    match find() {
        Ok(found) => {
            let features = generate(&found);
            println!("cargo::metadata=libdirs={}", join(&found.libraries));
            println!("cargo::metadata=version={}", found.version);
            println!("cargo::metadata=features={}", features.join(","));
        }
        Err(reason) => {
            println!("cargo::error={reason}");
            std::process::exit(1);
        }
    }
}

/// Where libnix is.
struct Found {
    version: String,
    includes: Vec<PathBuf>,
    libraries: Vec<PathBuf>,
}

fn find() -> Result<Found, String> {
    let mut reasons = String::new();
    match probe() {
        Ok(found) => return Ok(found),
        Err(error) => writeln!(reasons, "{error}").expect("a String takes everything"),
    }
    for prefix in private_prefixes() {
        let path = prefix.join("lib/pkgconfig");
        let paths = env::join_paths(std::iter::once(path).chain(env::split_paths(
            &env::var_os("PKG_CONFIG_PATH").unwrap_or_default(),
        )))
        .map_err(|error| format!("{}: {error}", prefix.display()))?;
        let before = env::var_os("PKG_CONFIG_PATH").unwrap_or_default();
        set("PKG_CONFIG_PATH", paths);
        match probe() {
            Ok(found) => {
                println!("cargo::rerun-if-changed={}", prefix.join(".complete").display());
                return Ok(found);
            }
            Err(error) => writeln!(reasons, "{error}").expect("a String takes everything"),
        }
        set("PKG_CONFIG_PATH", before);
    }
    eprintln!("{reasons}");
    Err(format!(
        "libnix (the C API of Nix, {OLDEST} or newer) was not found, neither by pkg-config nor in the cache; \
         `make setup` builds it on Debian, `nix develop` brings it, PKG_CONFIG_PATH names another place"
    ))
}

fn set(name: &str, value: OsString) {
    // SAFETY: this build script has one thread.
    unsafe { env::set_var(name, value) }
}

/// Asks pkg-config for all modules. The link lines are printed only when every
/// one of them is there.
fn probe() -> Result<Found, pkg_config::Error> {
    for module in MODULES {
        pkg_config::Config::new()
            .atleast_version(OLDEST)
            .cargo_metadata(false)
            .probe(module)?;
    }
    let mut found = Found {
        version: String::new(),
        includes: Vec::new(),
        libraries: Vec::new(),
    };
    for module in MODULES {
        let library = pkg_config::Config::new().atleast_version(OLDEST).probe(module)?;
        found.version = library.version;
        found.includes.extend(library.include_paths);
        found.libraries.extend(library.link_paths);
    }
    for list in [&mut found.includes, &mut found.libraries] {
        let mut seen = std::collections::HashSet::new();
        list.retain(|path| seen.insert(path.clone()));
    }
    Ok(found)
}

/// The finished prefixes of `scripts/setup/libnix-debian.sh`, newest first.
fn private_prefixes() -> Vec<PathBuf> {
    let cache = env::var_os("XDG_CACHE_HOME")
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
        .or_else(|| env::var_os("HOME").map(|home| Path::new(&home).join(".cache")));
    let Some(top) = cache.map(|cache| cache.join("cargo-nix/libnix")) else {
        return Vec::new();
    };
    println!("cargo::rerun-if-changed={}", top.display());
    let mut prefixes: Vec<PathBuf> = std::fs::read_dir(&top)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.join(".complete").exists())
        .collect();
    prefixes.sort_by_key(|path| std::cmp::Reverse(numbers(path)));
    prefixes
}

/// `2.26.3` as `[2, 26, 3]`, so that 2.100 is newer than 2.26.
fn numbers(path: &Path) -> Vec<u32> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.split('.').map(|part| part.parse().unwrap_or(0)).collect()
}

/// Writes `bindings.rs`; returns the names of the features it has.
fn generate(found: &Found) -> Vec<&'static str> {
    let text = bindgen::Builder::default()
        .header("wrapper.h")
        // `[[deprecated]]` in the headers is C++ to an older libclang.
        .clang_args(["-x", "c++", "-std=c++2a"])
        .clang_args(found.includes.iter().map(|path| format!("-I{}", path.display())))
        .allowlist_function("nix_.*")
        .default_enum_style(bindgen::EnumVariation::NewType {
            is_bitfield: false,
            is_global: true,
        })
        .generate_comments(false)
        .parse_callbacks(Box::new(bindgen::CargoCallbacks::new()))
        .generate()
        .unwrap_or_else(|error| panic!("bindgen over the headers of libnix {}: {error}", found.version))
        .to_string();
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR")).join("bindings.rs");
    std::fs::write(&out, &text).unwrap_or_else(|error| panic!("writing {}: {error}", out.display()));
    FEATURES
        .iter()
        .filter(|(_, function)| text.contains(&format!("fn {function}(")))
        .map(|(name, _)| *name)
        .collect()
}

fn join(paths: &[PathBuf]) -> String {
    paths
        .iter()
        .map(|path| path.display().to_string())
        .collect::<Vec<_>>()
        .join(":")
}
