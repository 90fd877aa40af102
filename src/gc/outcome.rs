//! What `cargo-nix gc` tells.

use super::GRACE;
use super::sweep::Swept;
use crate::closure::iec;
use serde_json::json;
use std::fmt::Write;

/// What went, or would go.
#[derive(Clone, Copy, Debug)]
pub struct Outcome<'a> {
    /// The parts.
    pub swept: &'a Swept,
    /// How many slots stay.
    pub kept: usize,
    /// How many of these only because they are young.
    pub young: usize,
    /// Bytes of the store that nothing of ours holds any more, if known.
    pub bytes: Option<u64>,
    /// Nothing was done.
    pub dry_run: bool,
}

impl Outcome<'_> {
    /// GC roots that went with the slots.
    fn roots(&self) -> usize {
        self.swept.slots.iter().map(|slot| slot.roots).sum()
    }

    /// For a person.
    pub fn text(&self) -> String {
        let Swept {
            slots,
            projects,
            left_overs,
            busy,
        } = self.swept;
        let mut out = String::new();
        for path in projects {
            let place = path
                .as_ref()
                .map_or("an unknown place".into(), |path| path.to_string_lossy());
            let _ = writeln!(out, "forgot the project that was at {place}");
        }
        let verb = if self.dry_run { "would drop" } else { "dropped" };
        let _ = write!(
            out,
            "{verb} {}, {} and {}",
            counted(slots.len(), "slot"),
            counted(self.roots(), "root"),
            counted(*left_overs, "left-over")
        );
        let _ = writeln!(out, "; {} kept", counted(self.kept, "slot"));
        if self.young > 0 {
            let _ = writeln!(
                out,
                "{} of these {} younger than {} minutes and no project's last: a later run drops what is still unused",
                self.young,
                if self.young == 1 { "is" } else { "are" },
                GRACE.as_secs() / 60
            );
        }
        if *busy > 0 {
            let _ = writeln!(
                out,
                "{} came into use meanwhile and stayed",
                counted(*busy, "slot")
            );
        }
        if let Some(bytes) = self.bytes.filter(|bytes| *bytes > 0) {
            let _ = writeln!(
                out,
                "up to {} of the store is for Nix's collector to free",
                iec(bytes)
            );
        }
        if self.dry_run {
            out.replace("forgot", "would forget")
        } else {
            out
        }
    }

    /// For a program; the shape is promised in docs/gc.md.
    pub fn json(&self) -> String {
        let slots: Vec<_> = self
            .swept
            .slots
            .iter()
            .map(|slot| json!({ "key": slot.key.as_str(), "environment": slot.environment, "roots": slot.roots }))
            .collect();
        let projects: Vec<_> = self
            .swept
            .projects
            .iter()
            .map(|path| path.as_ref().map(|path| path.to_string_lossy()))
            .collect();
        let value = json!({
            "version": 1,
            "dryRun": self.dry_run,
            "slots": slots,
            "keptSlots": self.kept,
            "roots": self.roots(),
            "projects": projects,
            "leftOvers": self.swept.left_overs,
            "freeableSize": self.bytes,
        });
        format!("{value:#}\n")
    }
}

/// `1 slot`, `2 slots`.
fn counted(n: usize, what: &str) -> String {
    if n == 1 {
        format!("1 {what}")
    } else {
        format!("{n} {what}s")
    }
}
