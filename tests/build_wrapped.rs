//! The wrapper of rustc that the user had before: sccache, by the project's
//! configuration, gets the local units and no other.

mod build_help;
mod common;

use build_help::demo::{project, said};
use build_help::{append, edit};
use common::success;
use common::units::Units;
use serde_json::Value;
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

/// Its server, on a port of its own; ends by itself when it is idle.
struct Sccache<'a> {
    units: &'a Units,
    port: u16,
}

impl<'a> Sccache<'a> {
    fn new(units: &'a Units) -> Sccache<'a> {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        Sccache { units, port }
    }

    fn set<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        command
            .env("SCCACHE_DIR", self.units.world.path().join("sccache"))
            .env("SCCACHE_SERVER_PORT", self.port.to_string())
            .env("SCCACHE_IDLE_TIMEOUT", "60")
    }

    fn call(&self, words: &[&str]) -> String {
        success(self.set(self.units.world.command("sccache").args(words)))
    }

    /// What cargo, wrapped, says in the project.
    fn said(&self, project: &Path) -> String {
        let mut cargo = self.units.cargo(project);
        // What is compiled incrementally sccache does not keep.
        said(self.set(&mut cargo).env("CARGO_INCREMENTAL", "0"))
    }

    /// How many calls it compiled for or answered, and how many it answered.
    fn calls(&self) -> (u64, u64) {
        let told = self.call(&["--show-stats", "--stats-format", "json"]);
        let told: Value = serde_json::from_str(&told).unwrap();
        let stats = &told["stats"];
        let hits = stats["cache_hits"]["counts"].as_object().unwrap();
        let hits = hits.values().map(|count| count.as_u64().unwrap()).sum();
        (stats["requests_executed"].as_u64().unwrap(), hits)
    }
}

impl Drop for Sccache<'_> {
    fn drop(&mut self) {
        let mut stop = self.units.world.command("sccache");
        let _ = self.set(stop.arg("--stop-server")).output();
    }
}

#[test]
fn local_units_go_through_the_wrapper_that_was_there() {
    let units = Units::new();
    let project = project(&units, "wrapped", "pub fn said() -> u8 { 1 }", None);
    append(
        &project.join(".cargo/config.toml"),
        "[build]\nrustc-wrapper = \"sccache\"\n",
    );
    // A library is what sccache keeps; a program is not.
    std::fs::write(project.join("src/lib.rs"), "pub fn ours() -> u8 { 1 }\n").unwrap();
    edit(
        &project.join("src/main.rs"),
        "demo::said()",
        "demo::said() * wrapped::ours()",
    );

    // A nearer configuration without one has switched it off.
    std::fs::create_dir_all(project.join("inner/.cargo")).unwrap();
    std::fs::write(
        project.join("inner/.cargo/config.toml"),
        "[build]\nrustc-wrapper = \"\"\n",
    )
    .unwrap();

    let sccache = Sccache::new(&units);
    sccache.call(&["--start-server"]);
    assert_eq!(sccache.said(&project), "1");
    assert_eq!(sccache.calls(), (1, 0), "the member's library, and not demo");
    success(units.plain_cargo(&project).args(["clean", "-p", "wrapped"]));
    assert_eq!(sccache.said(&project), "1");
    assert_eq!(sccache.calls(), (2, 1), "the same from sccache's cache");
    success(units.plain_cargo(&project).args(["clean", "-p", "wrapped"]));
    let mut cargo = units.cargo(&project);
    success(sccache.set(cargo.current_dir(project.join("inner")).arg("build")));
    assert_eq!(sccache.calls(), (2, 1), "nobody was asked");
}
