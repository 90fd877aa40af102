//! Failures that depend on who asks: a daemon that does not trust this user, a
//! store that this user cannot write.

use cargo_nix_protocol::{Failure, FailureKind};

/// How a private store is had.
const PRIVATE: &str = "or set NIX_STORE_DIR, NIX_STATE_DIR and NIX_LOG_DIR to directories of this user's \
                       (`…/nix/store`, `…/nix/var/nix`, `…/nix/var/log/nix`): a private store, for which \
                       binary caches have nothing";

/// Only what a daemon is told by users it trusts lets builds see the machine's
/// own directories: a build over the host set that was refused them says so.
pub(super) fn of_host_paths(mut failure: Box<Failure>, paths: &[String], daemon: bool) -> Box<Failure> {
    if !daemon || !failure.message.contains("not in allowed-impure-host-deps") {
        return failure;
    }
    failure.message = "the host set builds with the machine's own programs, and the Nix daemon does not let \
                       this user's builds see them: it does not trust this user"
        .to_owned();
    failure.hint = Some(format!(
        "in the daemon's nix.conf add `extra-allowed-impure-host-deps = {}`, or this user to `trusted-users`, and \
         restart the daemon;\nor pin nixpkgs (flake.lock or npins), which needs none of this",
        paths.join(" ")
    ));
    failure.kind = FailureKind::Store;
    failure
}

/// The way out of [`forbidden`].
pub(super) const ONLINE: &str = "run it once without `--offline`; what was downloaded stays in the store";

/// `what` would have to be downloaded.
pub(super) fn forbidden(what: &str) -> String {
    format!("{what} is not in the store, and `--offline` forbids to download it")
}

/// Without a network libnix is sent to a proxy that is none, which is no word for
/// a user.
pub(super) fn of_downloading(mut failure: Box<Failure>, offline: bool) -> Box<Failure> {
    const SAID: &str = "unable to download '";
    let url = failure
        .message
        .split_once(SAID)
        .and_then(|(_, rest)| rest.split('\'').next());
    if let Some(url) = url.filter(|_| offline) {
        failure.message = forbidden(url);
        failure.hint = Some(ONLINE.to_owned());
    }
    failure
}

/// A store that could not be opened, by `root` or another user.
pub(super) fn of_opening(mut failure: Box<Failure>, root: bool) -> Box<Failure> {
    let has = |parts: &[&str]| parts.iter().any(|part| failure.message.contains(part));
    let hint = if has(&["store schema"]) {
        "a newer Nix made this store; install cargo-nix built with that Nix (`make install` there), or start its \
         nix-daemon and set NIX_REMOTE=daemon"
            .to_owned()
    } else if !root && has(&["Permission denied"]) {
        format!("this user cannot write the store: start nix-daemon (with root's help), {PRIVATE}")
    } else if has(&["Read-only file system", "remounting"]) {
        "what was evaluated before is still served; for new environments make the store writable, or start nix-daemon"
            .to_owned()
    } else {
        return failure;
    };
    failure.hint = Some(hint);
    failure
}

/// libnix took a directory of the user's for the root of a store of its own:
/// what it holds is not where its paths say, so that no shell finds it.
pub(super) fn of_chroot(directory: &str, really: &str) -> Box<Failure> {
    let remote = std::env::var("NIX_REMOTE").unwrap_or_default();
    if remote.contains("root=") || remote.starts_with('/') {
        return crate::failure::fail(
            FailureKind::Store,
            "opening the store",
            format!("NIX_REMOTE={remote} keeps {directory} in {really}, where no shell looks"),
            Some("unset NIX_REMOTE, or name a store whose paths are where they say"),
        );
    }
    if let Some(store) = store_setting() {
        return crate::failure::fail(
            FailureKind::Store,
            "opening the store",
            format!("the setting `store = {store}` keeps {directory} in {really}, where no shell looks"),
            Some("take it out of NIX_CONFIG and nix.conf, or name a store whose paths are where they say"),
        );
    }
    crate::failure::fail(
        FailureKind::Store,
        "opening the store",
        format!(
            "this user cannot write {directory}, and no Nix daemon listens (libnix would use {really}, where no shell looks)"
        ),
        Some(&format!("start nix-daemon (with root's help), {PRIVATE}")),
    )
}

/// The setting `store` of `NIX_CONFIG`, else of nix.conf, unless it is the default.
fn store_setting() -> Option<String> {
    let of = |text: &str| {
        let settings = text.lines().filter_map(|line| line.split_once('='));
        let mut stores = settings.filter(|(name, _)| name.trim() == "store");
        stores.next_back().map(|(_, value)| value.trim().to_owned())
    };
    let directory = std::env::var_os("NIX_CONF_DIR").unwrap_or_else(|| "/etc/nix".into());
    let file = std::fs::read_to_string(std::path::Path::new(&directory).join("nix.conf"));
    let config = std::env::var("NIX_CONFIG").unwrap_or_default();
    let store = of(&config).or_else(|| of(&file.unwrap_or_default()));
    store.filter(|store| store != "auto")
}
