//! GitHub Actions: what is appended to the files named by `$GITHUB_ENV` and
//! `$GITHUB_PATH`.

use super::super::merge::{Changes, Value};
use super::{is_special, refused};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::os::unix::ffi::OsStrExt;

/// The two appendices. A later step of the job sees what they say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GithubFiles {
    /// For `$GITHUB_ENV`: here-documents, so that newlines survive.
    pub env: Vec<u8>,
    /// For `$GITHUB_PATH`: the new entries, last one first, as the runner puts
    /// each line before all others.
    pub path: Vec<u8>,
    /// Lower-case fragments, one for each thing that was left out.
    pub warnings: Vec<String>,
}

impl GithubFiles {
    /// Renders the changes; `delimiter` yields a new text each time it is
    /// called, until it is none of the value's lines.
    pub fn render(changes: &Changes, mut delimiter: impl FnMut() -> String) -> Self {
        let mut files = GithubFiles {
            warnings: changes.left_out.clone(),
            ..GithubFiles::default()
        };
        for change in &changes.list {
            let name = &change.name;
            let Some(value) = &change.value else { continue };
            if let Some(why) = refuses(name) {
                files
                    .warnings
                    .push(format!("variable {name:?} is left out: {why}"));
            } else if let (Value::List { new, .. }, "PATH") = (value, name.as_str()) {
                for entry in new.iter().rev() {
                    if entry.as_bytes().contains(&b'\n') {
                        files.warnings.push(format!(
                            "an entry of PATH is left out, as it has a newline: {entry:?}"
                        ));
                        continue;
                    }
                    files.path.extend_from_slice(entry.as_bytes());
                    files.path.push(b'\n');
                }
            } else {
                files.variable(name, value.joined().as_bytes(), &mut delimiter);
            }
        }
        files
    }

    fn variable(&mut self, name: &str, value: &[u8], delimiter: &mut impl FnMut() -> String) {
        let end = std::iter::repeat_with(delimiter)
            .find(|end| !value.windows(end.len()).any(|part| part == end.as_bytes()))
            .expect("repeat_with does not end");
        let head = format!("{name}<<{end}\n");
        for part in [head.as_bytes(), value, b"\n", end.as_bytes(), b"\n"] {
            self.env.extend_from_slice(part);
        }
    }
}

fn refuses(name: &str) -> Option<&'static str> {
    let prefixes = ["GITHUB_", "RUNNER_"];
    if prefixes.iter().any(|prefix| name.starts_with(prefix)) || is_special("github", name) {
        return Some("the runner keeps this name for itself");
    }
    refused("github", name)
}

/// A delimiter that who wrote the values cannot have foreseen.
pub fn random_delimiter() -> String {
    // Seeded by the system's random source.
    let half = || RandomState::new().build_hasher().finish();
    format!("cargo_nix_{:016x}{:016x}", half(), half())
}
