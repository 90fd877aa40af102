//! Which contents a user has allowed to be evaluated without being asked for:
//! at a prompt, in the background, by an editor.
//!
//! Trust belongs to the input set's digest, not to a place: worktrees share it,
//! an edit asks again. It lies in the data directory, so that deleting the
//! cache takes no decision away. What was allowed is kept beside it, so that
//! the difference to what is there now can be shown.
//!
//! Under direnv, direnv's own permission rules. Allowing an .envrc with `use
//! cargo-nix` covers what that evaluates, now and later, where direnv knows no
//! better. A direnv with `require_allowed` is asked about the inputs, too: what
//! it allowed is noted here ([`Trust::allow_for_direnv`]), for one project, and
//! only slots made from that, or from what `cargo-nix allow` allowed, stand in
//! while there is no newer one. Prompts of the hooks do not heed those notes.
//! What [`Trust::deny`] was called for is denied under direnv, too, whatever
//! direnv has allowed: that content, and the project until it is allowed again.
//!
//! Never: trust by default, or trust that a file which does not check out gives.

mod shown;

pub use shown::shown;

use crate::cache::Key;
use crate::error::{Error, Result};
use crate::sealed;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// So many slots of a project are known to hold what was allowed.
const NOTED: usize = 16;
/// Larger files are compared by their hash only.
const SHOWN: usize = 256 * 1024;

/// The decisions of this user.
#[derive(Clone, Debug)]
pub struct Trust {
    directory: PathBuf,
}

/// An input set, part by part.
pub type Contents = BTreeMap<Part, Content>;

/// What an input set consists of. What is no file has no path, as a file may have
/// any name there is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// A file, a link or an empty directory, by its path relative to the root.
    Path(PathBuf),
    /// That the file of this path may be run.
    Mode(PathBuf),
    /// The `metadata.cargo-nix` tables of all Cargo.toml.
    Metadata,
}

impl Part {
    /// Its name on one line: another one for each part. A path is between quotes if
    /// it has a blank or anything that is not shown as it is, as nothing else is.
    fn name(&self) -> String {
        match self {
            Part::Path(path) => crate::say::name(path),
            Part::Mode(path) => format!("{} (mode)", crate::say::name(path)),
            Part::Metadata => "Cargo.toml (metadata.cargo-nix)".to_owned(),
        }
    }
}

/// What is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// All of it.
    Bytes(Vec<u8>),
    /// A file that is too large to be held.
    Large {
        /// Its size.
        bytes: u64,
        /// Its blake3.
        hash: [u8; 32],
    },
}

impl Content {
    /// What is compared by lines.
    fn lines(&self) -> Option<&str> {
        match self {
            Content::Bytes(bytes) if bytes.len() <= SHOWN => std::str::from_utf8(bytes).ok(),
            _ => None,
        }
    }

    fn hash(&self) -> blake3::Hash {
        match self {
            Content::Bytes(bytes) => blake3::hash(bytes),
            Content::Large { hash, .. } => blake3::Hash::from_bytes(*hash),
        }
    }
}

/// An input set that was allowed, by the names of its parts.
#[derive(Serialize, Deserialize, Default)]
struct Allowed {
    /// Those whose text is kept.
    files: BTreeMap<String, String>,
    /// Of a large or binary file, its blake3: not a text that another file may have.
    #[serde(default)]
    hashes: BTreeMap<String, String>,
}

impl Trust {
    /// The decisions below `data`, the user's data directory of cargo-nix.
    pub fn new(data: &Path) -> Trust {
        Trust {
            directory: data.join("trust"),
        }
    }

    /// Whether this very content may be evaluated.
    pub fn allows(&self, digest: &blake3::Hash) -> bool {
        sealed::read(&self.file(digest), "trust").is_some()
    }

    /// Allows it, and remembers it as what the project `id` was allowed last.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn allow(&self, id: &str, digest: &blake3::Hash, contents: &Contents) -> Result<()> {
        let mut allowed = Allowed::default();
        for (part, content) in contents {
            match content.lines() {
                Some(text) => allowed.files.insert(part.name(), text.to_owned()),
                None => allowed.hashes.insert(part.name(), content.hash().to_string()),
            };
        }
        let payload = serde_json::to_vec(&allowed).expect("texts are JSON");
        sealed::write(&self.file(digest), "trust", &payload)?;
        sealed::write(&self.last(id), "last", digest.to_hex().as_bytes())?;
        for denied in [digest.to_hex().as_str(), id] {
            removed(&self.denied(denied))?;
        }
        Ok(())
    }

    /// Takes the permission for this content away, and denies it to direnv, with
    /// whatever else the project `id` comes to say.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn deny(&self, id: &str, digest: &blake3::Hash) -> Result<()> {
        for denied in [digest.to_hex().as_str(), id] {
            sealed::write(&self.denied(denied), "denied", b"")?;
        }
        removed(&self.file(digest))
    }

    /// Whether this content of the project `id` was denied, or any of that project
    /// was and this one is not allowed since. Damage of a denial takes none back.
    pub fn denies(&self, id: &str, digest: &blake3::Hash) -> bool {
        self.is_denied(digest.to_hex().as_str()) || self.is_denied(id) && !self.allows(digest)
    }

    /// [`Trust::denies`] of what the slot `key` is made from, as far as that is known.
    pub fn denies_slot(&self, id: &str, key: &Key) -> bool {
        match self.made_from(id, key) {
            Some(digest) => self.denies(id, &digest),
            None => self.is_denied(id),
        }
    }

    fn is_denied(&self, what: &str) -> bool {
        self.denied(what).symlink_metadata().is_ok()
    }

    /// Whether any content of the project `id` was ever allowed.
    pub fn was_asked(&self, id: &str) -> bool {
        sealed::read(&self.last(id), "last").is_some()
    }

    /// What differs between what the project `id` was allowed last and `now`,
    /// as a unified diff; `None` if it was never allowed anything. `root`: where the
    /// files lie.
    pub fn difference(&self, id: &str, now: &Contents, root: &Path) -> Option<String> {
        let last = String::from_utf8(sealed::read(&self.last(id), "last")?).ok()?;
        let file = self.file(&blake3::Hash::from_hex(last).ok()?);
        let allowed: Allowed = serde_json::from_slice(&sealed::read(&file, "trust")?).ok()?;
        Some(shown::unified(&allowed, now, root))
    }

    /// Notes that the slot `key`, used by the project `id`, was made from the
    /// content `digest`. A note that is lost costs an older environment.
    pub fn note(&self, id: &str, key: &Key, digest: &blake3::Hash) {
        let line = format!("{} {}", key.as_str(), digest.to_hex());
        let mut lines = self.noted(id);
        if lines.contains(&line) {
            return;
        }
        lines.retain(|other| !other.starts_with(key.as_str()));
        lines.push(line);
        let excess = lines.len().saturating_sub(NOTED);
        lines.drain(..excess);
        let _ = sealed::write(&self.slots(id), "noted", lines.join("\n").as_bytes());
    }

    /// Whether the slot `key` is known to be made from content that is allowed.
    pub fn allows_slot(&self, id: &str, key: &Key) -> bool {
        self.made_from(id, key).is_some_and(|digest| self.allows(&digest))
    }

    /// Notes that direnv has allowed the content `digest` of the project `id`.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn allow_for_direnv(&self, id: &str, digest: &blake3::Hash) -> Result<()> {
        let mut lines = lines(&self.direnv(id), "direnv");
        let line = digest.to_hex().to_string();
        if lines.last() == Some(&line) {
            return Ok(());
        }
        lines.retain(|other| *other != line);
        lines.push(line);
        let excess = lines.len().saturating_sub(NOTED);
        lines.drain(..excess);
        sealed::write(&self.direnv(id), "direnv", lines.join("\n").as_bytes())
    }

    /// Whether direnv has allowed the content `digest` of the project `id`.
    pub fn direnv_allows(&self, id: &str, digest: &blake3::Hash) -> bool {
        let line = digest.to_hex().to_string();
        lines(&self.direnv(id), "direnv").contains(&line)
    }

    /// [`Trust::allows_slot`], or direnv has allowed that content.
    pub fn direnv_allows_slot(&self, id: &str, key: &Key) -> bool {
        self.made_from(id, key)
            .is_some_and(|digest| self.allows(&digest) || self.direnv_allows(id, &digest))
    }

    /// The content that the slot `key` is known to be made from.
    fn made_from(&self, id: &str, key: &Key) -> Option<blake3::Hash> {
        self.noted(id).iter().find_map(|line| {
            let (noted, digest) = line.split_once(' ')?;
            (noted == key.as_str()).then(|| blake3::Hash::from_hex(digest).ok())?
        })
    }

    fn noted(&self, id: &str) -> Vec<String> {
        lines(&self.slots(id), "noted")
    }

    fn direnv(&self, id: &str) -> PathBuf {
        self.directory.join("direnv").join(id)
    }

    fn denied(&self, what: &str) -> PathBuf {
        self.directory.join("denied").join(what)
    }

    fn slots(&self, id: &str) -> PathBuf {
        self.directory.join("slots").join(id)
    }

    fn file(&self, digest: &blake3::Hash) -> PathBuf {
        self.directory.join(digest.to_hex().as_str())
    }

    fn last(&self, id: &str) -> PathBuf {
        self.directory.join("projects").join(id)
    }
}

/// Removes the file, if there is one.
fn removed(file: &Path) -> Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(Error::io("removing", file)(error)),
        _ => Ok(()),
    }
}

fn lines(path: &Path, kind: &str) -> Vec<String> {
    let payload = sealed::read(path, kind).unwrap_or_default();
    String::from_utf8_lossy(&payload)
        .lines()
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contents(text: &str) -> Contents {
        let content = Content::Bytes(text.as_bytes().to_vec());
        Contents::from([(Part::Path("crate-env.nix".into()), content)])
    }

    #[test]
    fn trust_is_for_the_content_alone() {
        let data = tempfile::tempdir().expect("a directory");
        let trust = Trust::new(data.path());
        let (old, new) = (blake3::hash(b"old"), blake3::hash(b"new"));
        assert!(!trust.allows(&old), "nothing is trusted by default");
        trust
            .allow("project", &old, &contents("a\nb\n"))
            .expect("allowed");
        assert!(trust.allows(&old));
        assert!(!trust.allows(&new), "an edit asks again");
        assert!(!trust.denies("project", &old) && !trust.denies("project", &new));
        trust.deny("project", &old).expect("denied");
        assert!(!trust.allows(&old));
        assert!(trust.denies("project", &old) && trust.denies("another", &old));
        assert!(trust.denies("project", &new) && !trust.denies("another", &new));
        trust.allow("project", &new, &contents("c\n")).expect("allowed");
        assert!(!trust.denies("project", &new) && trust.denies("project", &old));
    }

    #[test]
    fn the_difference_to_what_was_allowed_is_shown_without_terminal_codes() {
        let data = tempfile::tempdir().expect("a directory");
        let trust = Trust::new(data.path());
        let root = Path::new("/root");
        assert_eq!(trust.difference("project", &contents("a\n"), root), None);
        trust
            .allow("project", &blake3::hash(b"old"), &contents("a\nb\n"))
            .expect("allowed");
        let difference = trust
            .difference("project", &contents("a\n\u{1b}[2Jc\n"), root)
            .expect("a difference");
        assert!(
            difference.contains("-b\n") && difference.contains("+\\u{1b}[2Jc\n"),
            "{difference}"
        );
    }

    #[test]
    fn a_file_whose_text_is_a_hash_is_not_that_file() {
        let data = tempfile::tempdir().expect("a directory");
        let trust = Trust::new(data.path());
        let large = "{ }: { } # \n".repeat(SHOWN / 8);
        let words = format!("(blake3 {})\n", blake3::hash(large.as_bytes()));
        trust
            .allow("project", &blake3::hash(b"old"), &contents(&words))
            .expect("allowed");
        let root = Path::new("/the/root");
        let difference = trust.difference("project", &contents(&large), root).expect("one");
        assert!(
            difference.starts_with("--- crate-env.nix\n")
                && difference.contains("look at /the/root/crate-env.nix"),
            "{difference}"
        );
        trust
            .allow("project", &blake3::hash(b"new"), &contents(&large))
            .expect("allowed");
        assert_eq!(
            trust.difference("project", &contents(&large), root).as_deref(),
            Some("")
        );
    }

    #[test]
    fn noise_in_the_file_is_no_trust() {
        let data = tempfile::tempdir().expect("a directory");
        let trust = Trust::new(data.path());
        let digest = blake3::hash(b"content");
        trust.allow("project", &digest, &contents("a")).expect("allowed");
        fs::write(trust.file(&digest), b"noise").expect("written");
        assert!(!trust.allows(&digest));
    }
}
