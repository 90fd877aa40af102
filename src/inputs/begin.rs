//! What a discovery begins with: of each layer crate-env.nix and the tables of
//! Cargo.toml, the pins, rust-toolchain.toml.

use super::discover::Walk;
use super::manifest::Seen;
use super::reach::{Looks, Reach, What};
use super::resolve::{Way, normalise};
use super::scan::OURS;
use super::{Layout, faults, lock, metadata};
use crate::bounded;
use crate::error::Result;
use crate::project::{CRATE_ENV, RUST_TOOLCHAIN};
use serde_json::{Map, Value as Json};
use std::path::Path;

impl Walk<'_> {
    /// Queues what every project has; gives the metadata tables.
    pub(super) fn start(&mut self, layout: &Layout) -> Result<String> {
        let mut tables = Map::new();
        let named = Reach {
            named: true,
            looks: Looks::Free,
        };
        for layer in &layout.layers {
            let directory = Path::new(layer);
            self.queue(
                directory.join(CRATE_ENV),
                What::Import,
                Reach {
                    looks: Looks::Never,
                    ..named
                },
            );
            if let Some(table) = self.cargo_metadata(&directory.join("Cargo.toml"))? {
                tables.insert(layer.clone(), table);
            }
        }
        let ours = Path::new(OURS).join("metadata.json");
        if !tables.is_empty() && matches!(self.look(&ours), Ok(Some(_))) {
            return Err(faults::in_the_way(&self.root.join(ours)));
        }
        if let Some(pins) = &layout.pins {
            let directory = Path::new(pins);
            self.queue(directory.join("flake.nix"), What::Flake, named);
            self.queue(directory.join("flake.lock"), What::Plain, named);
            self.queue(directory.join("npins"), What::Any, named);
            self.flake_lock(directory)?;
        }
        if let Some(place) = &layout.rust_toolchain {
            for name in RUST_TOOLCHAIN {
                self.queue(Path::new(place).join(name), What::Plain, named);
            }
        }
        Ok(if tables.is_empty() {
            String::new()
        } else {
            Json::Object(tables).to_string()
        })
    }

    /// Reads a Cargo.toml for its tables; it does not become a member.
    fn cargo_metadata(&mut self, path: &Path) -> Result<Option<Json>> {
        let Way::Found(real, stat) = self.resolve(path) else {
            return Ok(None);
        };
        let absolute = self.root.join(&real);
        let Some(bytes) = bounded::read_if_any(&absolute, bounded::SMALL)? else {
            return Ok(None);
        };
        self.put(&real, stat, Seen::File(*blake3::hash(&bytes).as_bytes()), false);
        metadata::tables(&absolute, &bytes)
    }

    /// Queues the flakes beside this one that its lock file names.
    fn flake_lock(&mut self, directory: &Path) -> Result<()> {
        let path = directory.join("flake.lock");
        let Way::Found(real, _) = self.resolve(&path) else {
            return Ok(());
        };
        let text = bounded::read_if_any(&self.root.join(&real), bounded::SMALL)?.unwrap_or_default();
        for input in lock::relative_inputs(&text) {
            let Some(flake) = normalise(directory, Path::new(&input)) else {
                continue;
            };
            let reach = Reach {
                named: true,
                looks: Looks::Free,
            };
            self.queue(flake.join("flake.nix"), What::Import, reach);
            self.queue(flake, What::Any, reach);
        }
        Ok(())
    }
}
