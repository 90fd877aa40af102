//! Whether builds have a sandbox: libnix builds without one where the machine
//! allows none, and does not say so.

use std::process::{Command, Stdio};

/// What the user is told if there is none.
pub const WARNING: &str = "this machine allows no sandbox (no namespaces can be made), so the environment was built \
                           without one: what builders find on the machine may differ elsewhere\n  \
                           `cargo nix doctor` tells how to mend it";

/// Whether a process may make the namespaces that Nix's sandbox is made of;
/// where that cannot be tried, it is believed.
pub fn possible() -> bool {
    if !cfg!(target_os = "linux") {
        return true;
    }
    let tried = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "--pid", "--fork", "true"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    tried.map_or(true, |status| status.success())
}
