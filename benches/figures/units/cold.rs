//! Builds into a store that has no units yet, beside plain cargo's.

use super::project::{Project, World, copy, succeed};
use crate::measure::Sample;
use crate::report::Row;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What such builds took, and the checkouts that the last of them left.
pub struct Cold {
    plain: Sample,
    ours: Sample,
    /// By plain cargo.
    pub plain_checkout: PathBuf,
    /// With what is in the store now.
    pub our_checkout: PathBuf,
}

impl Cold {
    /// Both, `rounds` times, from the same state of store and HOME each time. Who
    /// begins changes with the rounds: on a virtual machine whoever is the first to
    /// use memory pays for it, and what a build has left speeds up the next one.
    pub fn measure(world: &World, project: &Project, rounds: usize) -> Cold {
        eprintln!(
            "bench: {} cold, by plain cargo and into the store, {rounds} rounds",
            project.name
        );
        assert!(
            rounds % 2 == 1,
            "the last build is ours: what it leaves is gone on with"
        );
        let kept = Kept::of(world);
        let (mut plain, mut ours) = (Vec::new(), Vec::new());
        for round in 0..rounds {
            let mut build_plain = || {
                let checkout = kept.checkout(project, "plain");
                plain.push(world.plain(&checkout, &["build"]));
            };
            let mut build_ours = || {
                let checkout = kept.checkout(project, "cold");
                ours.push(world.ours(&checkout, &["build"]));
            };
            if round % 2 == 0 {
                build_plain();
                build_ours();
            } else {
                build_ours();
                build_plain();
            }
        }
        eprintln!("bench: plain, ours: {plain:.2?}, {ours:.2?}");
        let [plain, ours] = [plain, ours].map(Sample::of);
        Cold {
            plain,
            ours,
            plain_checkout: project.place("plain"),
            our_checkout: project.place("cold"),
        }
    }

    /// The row of the table.
    pub fn row(&self, project: &Project) -> Row {
        let (ours, plain) = (self.ours.median() / 1e3, self.plain.median() / 1e3);
        let factor = ours / plain;
        Row::of(
            &format!(
                "`{}` built into a store that has the toolchain and the host tree alone, over plain cargo",
                project.name
            ),
            "<= 1.10 ×",
            format!("{factor:.2} × ({ours:.1} s, {plain:.1} s)"),
            factor <= 1.10,
        )
    }
}

/// Store and HOME of a world, as they were once.
struct Kept<'a> {
    world: &'a World<'a>,
    aside: PathBuf,
}

impl Kept<'_> {
    fn of<'a>(world: &'a World<'a>) -> Kept<'a> {
        world.await_service();
        let aside = world.path().join("kept");
        std::fs::create_dir(&aside).expect("a directory");
        for part in PARTS {
            copy(&world.path().join(part), &aside.join(part));
        }
        Kept { world, aside }
    }

    /// A new checkout, its environment obtained, in a world as it was.
    fn checkout(&self, project: &Project, name: &str) -> PathBuf {
        self.world.await_service();
        for part in PARTS {
            let place = self.world.path().join(part);
            remove(&place);
            copy(&self.aside.join(part), &place);
        }
        let _ = std::fs::remove_dir_all(project.place(name));
        let checkout = project.checkout(name);
        let mut enter = self.world.command("cargo-nix");
        succeed(
            enter
                .args(["exec", "--quiet", "--", "true"])
                .current_dir(&checkout),
        );
        checkout
    }
}

impl Drop for Kept<'_> {
    fn drop(&mut self) {
        remove(&self.aside);
    }
}

/// What builds change of a world, besides checkouts.
const PARTS: [&str; 2] = ["nix", "home"];

/// What is in a store cannot be written, and so not be removed.
fn remove(directory: &Path) {
    succeed(Command::new("chmod").args(["-R", "u+w"]).arg(directory));
    std::fs::remove_dir_all(directory).expect("it goes");
}
