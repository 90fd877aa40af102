//! The evaluator, the store and its sandbox, the cache, and what the host set
//! is made of.

use super::Check;
use crate::build::fetched::dangling;
use crate::error::Error;
use crate::evaluator;
use crate::host::Host;
use crate::project::Project;
use crate::vars::Vars;
use cargo_nix_protocol::{Answer, Ask, Settings};
use rustix::fs::{Access, access, statvfs};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Below this, an environment may not fit: a toolchain takes half of it.
const ENOUGH_SPACE: u64 = 2 << 30;

/// Evaluator, store, sandbox, cargo's links into the store, cache, space.
pub(super) fn checks(vars: &Vars) -> Vec<Check> {
    let mut checks = Vec::new();
    let mut places = Vec::new();
    let settings = Settings {
        sandboxed: true,
        ..Settings::default()
    };
    match evaluator::ask(vars, &settings, Ask::Probe, |_| {}) {
        Ok(Answer::Probe {
            nix,
            store_dir,
            store_uri,
            trusted,
            unsealed,
            nix_store: _,
        }) => {
            checks.push(Check::ok(
                "evaluator",
                format!("answers, libnix {nix}; evaluation is hermetic"),
            ));
            checks.push(store(&store_uri, &store_dir));
            checks.push(trust(vars, &store_uri, trusted));
            checks.push(units(vars, unsealed));
            checks.extend(sources(vars, Path::new(&store_dir)));
            places.push(PathBuf::from(store_dir));
        }
        Ok(_) => checks.push(Check::missing(
            "evaluator",
            "answers something else than it was asked",
            "install cargo-nix and cargo-nix-eval from the same release",
        )),
        Err(error) => {
            let text = error.to_string();
            let (found, way_out) = text
                .split_once("\n  ")
                .unwrap_or((&text, "`make install` installs it"));
            let name = if matches!(&error, Error::Evaluator(_)) {
                "store"
            } else {
                "evaluator"
            };
            checks.push(Check::missing(name, found, way_out));
        }
    }
    checks.push(sandbox());
    checks.push(cache(vars, &mut places));
    checks.push(space(&places));
    checks
}

/// Whether builds can be sandboxed as cargo's units need it, and whether it is
/// known what they would see of the machine over the host set.
fn units(vars: &Vars, unsealed: Option<String>) -> Check {
    let tree = || Some(Host::checked(vars, &vars.cache_dir().ok()?).ok()?.tree());
    match unsealed {
        Some(why) => Check::absent(
            "units",
            why,
            "a nix.conf with `sandbox = true` and no `sandbox-paths`; until then crates are compiled as without us",
        ),
        None if tree().is_some_and(|tree| tree.is_object()) => Check::ok(
            "units",
            "are built in a sandbox; over the host set it shows the packages that dpkg knows",
        ),
        None => Check::absent(
            "units",
            "are built in a sandbox, but what this machine consists of is not known (that takes dpkg and a merged /usr)",
            "pin nixpkgs (flake.lock or npins); over the host set crates are compiled as without us",
        ),
    }
}

/// What `cargo nix fetch` linked and the store has no more: cargo fails at such a link.
fn sources(vars: &Vars, store_dir: &Path) -> Option<Check> {
    let home = vars.cargo_home()?;
    let links = dangling(&home, store_dir);
    let first = links.first()?;
    Some(Check::missing(
        "sources",
        format!(
            "{} of cargo's sources lead to what the store has no more, such as {}",
            links.len(),
            first.display()
        ),
        "`cargo nix fetch` in a project takes these links away, and links what its Cargo.lock names",
    ))
}

fn store(uri: &str, directory: &str) -> Check {
    let local = uri == "local" || uri.starts_with("local?") || uri.starts_with('/');
    let found = format!("{directory} ({uri})");
    // A daemon writes for us; what is local we write ourselves.
    if !local || !Path::new(directory).exists() || access(directory, Access::WRITE_OK).is_ok() {
        Check::ok("store", found)
    } else {
        Check::missing(
            "store",
            format!("{found} cannot be written"),
            "start nix-daemon, or run as the store's owner",
        )
    }
}

/// Builds over the host set need `extra-allowed-impure-host-deps`, which the
/// daemon takes from users it trusts, and from its own nix.conf.
fn trust(vars: &Vars, uri: &str, trusted: Option<bool>) -> Check {
    if uri != "daemon" && !uri.starts_with("unix://") {
        return Check::ok("trust", "no daemon in between");
    }
    let configuration = vars
        .nix_conf_dir
        .clone()
        .unwrap_or_else(|| PathBuf::from("/etc/nix"))
        .join("nix.conf");
    let text = std::fs::read_to_string(&configuration).unwrap_or_default();
    let allowed: Vec<&str> = text
        .lines()
        .filter_map(|line| line.split_once('='))
        .filter(|(key, _)| {
            ["allowed-impure-host-deps", "extra-allowed-impure-host-deps"].contains(&key.trim())
        })
        .flat_map(|(_, value)| value.split_whitespace())
        .collect();
    let needed = crate::host::sandbox_paths();
    match trusted {
        Some(true) => Check::ok("trust", "the daemon trusts this user"),
        _ if needed.iter().all(|path| allowed.contains(&path.as_str())) => {
            Check::ok("trust", "the daemon lets every user's builds see the host set")
        }
        Some(false) => Check::absent(
            "trust",
            "the daemon does not trust this user, so the host set cannot be built from",
            format!(
                "in {} add `extra-allowed-impure-host-deps = {}`,\nor this user to `trusted-users`, and restart the \
                 daemon; or pin nixpkgs (flake.lock or npins)",
                configuration.display(),
                needed.join(" ")
            ),
        ),
        None => Check::absent(
            "trust",
            "the daemon does not say whether it trusts this user",
            "it is older than Nix 2.15, or gone by now; try an environment",
        ),
    }
}

/// Whether a process may make the namespaces that Nix's sandbox is made of.
fn sandbox() -> Check {
    if cfg!(target_os = "macos") {
        return Check::ok("sandbox", "macOS has its own");
    }
    let works = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "--pid", "--fork", "true"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    match works {
        Ok(status) if status.success() => {
            Check::ok("sandbox", "user, mount and process namespaces can be made")
        }
        Ok(_) => Check::absent(
            "sandbox",
            "no namespaces can be made, so builds run without a sandbox",
            "sysctl kernel.unprivileged_userns_clone=1 user.max_user_namespaces=15000, or a container that allows it",
        ),
        Err(error) => Check::absent(
            "sandbox",
            format!("not tried: unshare does not start ({error})"),
            "apt-get install util-linux",
        ),
    }
}

fn cache(vars: &Vars, places: &mut Vec<PathBuf>) -> Check {
    let directory = match vars.cache_dir() {
        Ok(directory) => directory,
        Err(_) => {
            return Check::missing(
                "cache",
                "neither XDG_CACHE_HOME nor HOME is set, and /tmp has no place that is ours alone",
                "set one of them",
            );
        }
    };
    let tried = crate::sealed::make_directory(&directory).and_then(|()| {
        tempfile::Builder::new()
            .prefix(crate::sealed::TEMPORARY_PREFIX)
            .tempfile_in(&directory)
    });
    let found = directory.display().to_string();
    match tried {
        Ok(_) => {
            places.push(directory);
            Check::ok("cache", found)
        }
        Err(error) => Check::missing(
            "cache",
            format!("{found} cannot be written: {error}"),
            "make it writable, or point XDG_CACHE_HOME elsewhere",
        ),
    }
}

fn space(places: &[PathBuf]) -> Check {
    let free = |place: &PathBuf| {
        let there = place.ancestors().find(|path| path.exists())?;
        let stat = statvfs(there).ok()?;
        Some((stat.f_bavail.saturating_mul(stat.f_frsize), there.to_path_buf()))
    };
    let Some((bytes, place)) = places.iter().filter_map(free).min() else {
        return Check::absent("space", "not known", "see `df`");
    };
    let found = format!(
        "{:.1} GiB free at {}",
        bytes as f64 / f64::from(1 << 30),
        place.display()
    );
    if bytes >= ENOUGH_SPACE {
        Check::ok("space", found)
    } else {
        Check::absent(
            "space",
            found,
            "`cargo nix gc` and `nix-collect-garbage` free some",
        )
    }
}

/// Toolchains, compiler and pkg-config of the machine. A project with pins
/// takes them from there.
pub(super) fn host(vars: &Vars, project: Option<&Project>) -> Vec<Check> {
    let cache_dir = vars.cache_dir().unwrap_or_default();
    let description = Host::checked(vars, &cache_dir)
        .map(|host| host.describe(&vars.store_dir()))
        .unwrap_or_default();
    let lacking: fn(&'static str, &'static str, &'static str) -> Check =
        match project.and_then(|project| project.pins.as_ref()) {
            Some(_) => |name, found, way_out| Check::absent(name, found, way_out),
            None => |name, found, way_out| Check::missing(name, found, way_out),
        };
    let mut checks = Vec::new();
    let rust = &description["rust"];
    let names: Vec<&str> = rust["toolchains"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, _)| name.as_str())
        .collect();
    checks.push(match (names.as_slice(), rust["default"].as_str()) {
        ([], _) => lacking(
            "rust",
            "no toolchain",
            "install rustup, then `rustup default stable`",
        ),
        (_, Some(default)) => Check::ok("rust", format!("{} (default: {default})", names.join(", "))),
        (_, None) => Check::absent(
            "rust",
            format!("{}, but no default", names.join(", ")),
            "`rustup default stable`, or a rust-toolchain.toml in the project",
        ),
    });
    let (install, gcc) = match cfg!(target_os = "macos") {
        true => ("brew install", "xcode-select --install"),
        false => ("apt-get install", "apt-get install gcc libc6-dev"),
    };
    checks.push(
        match (
            description["cc"]["programs"]["cc"].as_str(),
            description["cc"]["version"].as_str(),
        ) {
            (Some(path), Some(version)) => Check::ok("cc", format!("{path} {version}")),
            _ => lacking("cc", "no C compiler in the system's directories", gcc),
        },
    );
    let pkg_config = &description["programs"]["pkg-config"];
    checks.push(
        match (pkg_config["path"].as_str(), pkg_config["version"].as_str()) {
            (Some(path), Some(version)) => Check::ok("pkg-config", format!("{path} {version}")),
            _ => Check::absent(
                "pkg-config",
                "not in the system's directories; crates that link libraries want it",
                format!("{install} pkg-config"),
            ),
        },
    );
    let libraries = description["libraries"]
        .as_object()
        .map_or(0, serde_json::Map::len);
    checks.push(Check::ok(
        "libraries",
        format!("{libraries} of the host set are on this machine"),
    ));
    checks
}
