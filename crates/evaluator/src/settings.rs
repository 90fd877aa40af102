//! libnix's configuration, given through `NIX_CONFIG` before it starts.
//!
//! The one way that works for all of it: `nix_setting_set` does not reach the
//! evaluator's own settings (`pure-eval` among them) in 2.26. A `NIX_CONFIG` of
//! the user's is kept, ours comes after it. Whether it worked is not believed
//! but proved, by [`prove_pure`].

use crate::nix::{Nix, NixError, State};
use crate::programs::on_path;
use cargo_nix_protocol::Settings;
use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

/// Puts the configuration into the environment of this process.
///
/// # Safety
/// No other thread of the process reads or writes the environment meanwhile.
pub unsafe fn install(settings: &Settings) {
    let theirs = std::env::var("NIX_CONFIG").unwrap_or_default();
    let mut text = format!("{theirs}\n{}", ours(settings, &Machine::look(&theirs)));
    // Only Nix's own programs read it; libnix by itself takes it for a reason not
    // to heed the setting.
    let path = std::env::var("NIX_PATH").unwrap_or_default();
    if settings.impure && !path.is_empty() {
        let _ = writeln!(text, "nix-path = {}", entries(&path).join(" "));
        // SAFETY: the caller's claim.
        unsafe { std::env::remove_var("NIX_PATH") }
    }
    // SAFETY: the caller's claim.
    unsafe { std::env::set_var("NIX_CONFIG", text) }
    if settings.offline {
        // SAFETY: the caller's claim.
        unsafe { cut_off() }
    }
}

/// The entries of NIX_PATH, with `:` between them; a URL has one itself.
fn entries(path: &str) -> Vec<String> {
    const SCHEMES: [&str; 8] = ["channel", "file", "flake", "git", "http", "https", "s3", "ssh"];
    let mut entries: Vec<String> = Vec::new();
    let mut in_url = false;
    for part in path.split(':') {
        match entries.last_mut().filter(|_| in_url) {
            Some(url) => {
                url.push(':');
                url.push_str(part);
            }
            None => entries.push(part.to_owned()),
        }
        let value = part.split_once('=').map_or(part, |(_, value)| value);
        in_url = !in_url && SCHEMES.contains(&value);
    }
    entries
}

/// No setting keeps libnix from fetching what an expression names, nor
/// `builtin:fetchurl` from its URL: so curl is sent to a proxy that nobody can
/// be, and git is left its files. Builds that fetch are refused before they
/// start, by [`crate::drv::Missing`]; this is for those of an evaluation.
///
/// # Safety
/// As [`install`].
unsafe fn cut_off() {
    let proxy = format!("http://{}", refusing());
    for name in [
        "http_proxy",
        "https_proxy",
        "HTTPS_PROXY",
        "all_proxy",
        "ALL_PROXY",
    ] {
        // SAFETY: the caller's claim.
        unsafe { std::env::set_var(name, &proxy) }
    }
    for name in ["no_proxy", "NO_PROXY"] {
        // SAFETY: the caller's claim.
        unsafe { std::env::remove_var(name) }
    }
    // SAFETY: the caller's claim.
    unsafe { std::env::set_var("GIT_ALLOW_PROTOCOL", "file") }
}

/// An address of this machine that refuses connections for as long as this
/// process lives: bound, so that nobody else can be there, and not listened at.
fn refusing() -> SocketAddr {
    use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, getsockname, socket_with};
    let own = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let bound = socket_with(
        AddressFamily::INET,
        SocketType::STREAM,
        SocketFlags::CLOEXEC,
        None,
    )
    .and_then(|socket| bind(&socket, &own).map(|()| socket))
    .and_then(|socket| getsockname(&socket).map(|address| (socket, address)));
    match bound.map(|(socket, address)| (socket, SocketAddr::try_from(address))) {
        Ok((socket, Ok(address))) => {
            // For as long as this process lives.
            std::mem::forget(socket);
            address
        }
        // Without a loopback device there is no network either.
        _ => SocketAddr::from((Ipv4Addr::LOCALHOST, 1)),
    }
}

/// Caches that everybody has and nobody puts units into.
const PUBLIC: [&str; 2] = ["https://cache.nixos.org", "http://cache.nixos.org"];

/// Where nothing but units is wanted of caches: those that could have none are not
/// asked, since a question for each miss takes longer than many a unit; and what the
/// others do not give at once is built here, which takes no longer than asking again.
///
/// # Errors
/// libnix does not know its own settings.
pub fn for_units(nix: &Nix) -> Result<(), NixError> {
    let all = nix.setting("substituters")?;
    let own: Vec<&str> = all.split_whitespace().filter(|cache| !is_public(cache)).collect();
    if own.is_empty() {
        return nix.set("substitute", "false");
    }
    nix.set("substituters", &own.join(" "))?;
    nix.set("fallback", "true")?;
    // Where the user has left libnix's own.
    for (name, default, value) in [("download-attempts", "5", "1"), ("connect-timeout", "0", "5")] {
        if nix.setting(name)? == default {
            nix.set(name, value)?;
        }
    }
    Ok(())
}

fn is_public(cache: &str) -> bool {
    let place = cache.split('?').next().unwrap_or_default();
    PUBLIC.contains(&place.trim_end_matches('/'))
}

/// What the settings depend on besides the request.
struct Machine {
    root: bool,
    build_group: bool,
    max_jobs_chosen: bool,
    builders_chosen: bool,
}

impl Machine {
    fn look(theirs: &str) -> Machine {
        let configuration = std::env::var_os("NIX_CONF_DIR").unwrap_or_else(|| "/etc/nix".into());
        let configuration = Path::new(&configuration);
        let file = std::fs::read_to_string(configuration.join("nix.conf")).unwrap_or_default();
        let chosen = |name: &str| {
            file.lines()
                .chain(theirs.lines())
                .any(|line| line.split('=').next().is_some_and(|key| key.trim() == name))
        };
        let machines = std::fs::metadata(configuration.join("machines")).is_ok_and(|file| file.len() > 0);
        Machine {
            root: rustix::process::geteuid().is_root(),
            build_group: has_group("nixbld"),
            max_jobs_chosen: chosen("max-jobs"),
            builders_chosen: (machines || chosen("builders")) && on_path("nix"),
        }
    }
}

fn ours(settings: &Settings, machine: &Machine) -> String {
    let mut text = String::new();
    let mut set =
        |name: &str, value: &str| writeln!(text, "{name} = {value}").expect("a String takes everything");
    set("extra-experimental-features", "nix-command flakes fetch-tree");
    set("pure-eval", if settings.impure { "false" } else { "true" });
    // An untrusted flake.nix must not configure anything.
    set("accept-flake-config", "false");
    set("show-trace", "true");
    set("warn-dirty", "false");
    // No other machine shows what this one does.
    if !machine.builders_chosen || !settings.mounts.is_empty() {
        // Its default wants a `nix` on PATH, and starts it for each build only to
        // hear that there are no remote builders.
        set("build-hook", "");
    }
    if machine.root && !machine.build_group {
        set("build-users-group", "");
    }
    if !machine.max_jobs_chosen {
        set("max-jobs", "auto");
    }
    if !settings.sandbox_paths.is_empty() {
        set(
            "extra-allowed-impure-host-deps",
            &settings.sandbox_paths.join(" "),
        );
    }
    if !settings.mounts.is_empty() {
        set("extra-sandbox-paths", &settings.mounts.join(" "));
    }
    if settings.sandboxed {
        set("sandbox-fallback", "false");
        // Whoever finds a derivation being built elsewhere looks again after five
        // seconds otherwise.
        set("build-poll-interval", "1");
    }
    if settings.offline {
        set("substitute", "false");
        set("substituters", "");
        set("tarball-ttl", "4294967295");
        set("download-attempts", "0");
        set("connect-timeout", "1");
    }
    text
}

fn has_group(name: &str) -> bool {
    std::fs::read_to_string("/etc/group")
        .is_ok_and(|groups| groups.lines().any(|line| line.split(':').next() == Some(name)))
}

/// Shows that pure evaluation is: reading an absolute path must be refused.
///
/// # Errors
/// It was not refused; nothing may be evaluated then.
pub fn prove_pure(state: &State) -> Result<(), NixError> {
    match state.evaluate("builtins.readDir (/. + \"/\")") {
        Err(error) if error.full.contains("pure eval") => Ok(()),
        Err(error) => Err(error),
        Ok(_) => Err(NixError {
            short: "libnix does not evaluate purely, though it was told to".to_owned(),
            full: "`pure-eval = true` in NIX_CONFIG has no effect on this libnix".to_owned(),
            class: String::new(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Machine = Machine {
        root: true,
        build_group: false,
        max_jobs_chosen: false,
        builders_chosen: false,
    };

    #[test]
    fn root_without_the_build_group_builds_as_itself() {
        assert!(ours(&Settings::default(), &PLAIN).contains("build-users-group = \n"));
        let grouped = Machine {
            build_group: true,
            ..PLAIN
        };
        assert!(!ours(&Settings::default(), &grouped).contains("build-users-group"));
    }

    #[test]
    fn evaluation_is_pure_unless_asked_otherwise() {
        assert!(ours(&Settings::default(), &PLAIN).contains("pure-eval = true\n"));
        let impure = Settings {
            impure: true,
            ..Settings::default()
        };
        assert!(ours(&impure, &PLAIN).contains("pure-eval = false\n"));
    }

    #[test]
    fn a_url_in_nix_path_is_one_entry() {
        let path = "nixpkgs=https://example.org/a.tar.xz:/one:x=flake:nixpkgs:two=/three";
        let expected = [
            "nixpkgs=https://example.org/a.tar.xz",
            "/one",
            "x=flake:nixpkgs",
            "two=/three",
        ];
        assert_eq!(entries(path), expected);
    }

    #[test]
    fn nobody_is_at_the_address_that_refuses() {
        let address = refusing();
        assert!(std::net::TcpStream::connect(address).is_err());
        assert!(
            std::net::TcpListener::bind(address).is_err(),
            "nobody else can be"
        );
    }

    #[test]
    fn what_needs_this_machine_is_built_on_it() {
        let machine = Machine {
            builders_chosen: true,
            ..PLAIN
        };
        let mounted = Settings {
            mounts: vec!["/usr=/nix/store/x/usr".into()],
            ..Settings::default()
        };
        assert!(ours(&mounted, &machine).contains("build-hook = \n"));
        assert!(!ours(&Settings::default(), &machine).contains("build-hook"));
    }

    #[test]
    fn a_cache_that_everybody_has_is_known_however_it_is_spelt() {
        for cache in [
            "https://cache.nixos.org",
            "https://cache.nixos.org/",
            "https://cache.nixos.org/?priority=1",
        ] {
            assert!(is_public(cache), "{cache}");
        }
        for cache in [
            "https://cache.nixos.org.example",
            "https://team.example/",
            "s3://units",
        ] {
            assert!(!is_public(cache), "{cache}");
        }
    }

    #[test]
    fn what_the_user_chose_stays() {
        let chosen = Machine {
            max_jobs_chosen: true,
            builders_chosen: true,
            ..PLAIN
        };
        let text = ours(&Settings::default(), &chosen);
        assert!(
            !text.contains("max-jobs") && !text.contains("build-hook"),
            "{text}"
        );
    }
}
