//! Cargo.lock: the little of it that is asked here. Data in, data out.

use serde::Deserialize;

/// What a Cargo.lock lists.
#[derive(Deserialize)]
pub struct Lock {
    /// Every package, in the order of the file.
    #[serde(default, rename = "package")]
    pub packages: Vec<Package>,
}

/// A package of a [`Lock`].
#[derive(Deserialize)]
pub struct Package {
    /// Its name; two versions of it are two packages.
    pub name: String,
    /// Its version.
    #[serde(default)]
    pub version: String,
    /// Where it comes from: `registry+…`, `git+…#<revision>`; members have none.
    pub source: Option<String>,
    /// SHA-256 of its archive, hex; packages of registries have one.
    pub checksum: Option<String>,
    #[serde(default)]
    dependencies: Vec<String>,
}

impl Lock {
    /// Reads the text of a Cargo.lock.
    ///
    /// # Errors
    /// The parser's message, with line and column.
    pub fn parse(text: &str) -> Result<Lock, String> {
        toml::from_str(text).map_err(|error| error.to_string().trim_end().to_owned())
    }
}

impl Package {
    /// Whether some version of `name` is a dependency.
    pub fn depends_on(&self, name: &str) -> bool {
        // "name", "name version" or "name version (source)".
        let of_that_name = |dependency: &String| dependency.split(' ').next() == Some(name);
        self.dependencies.iter().any(of_that_name)
    }
}

/// The names of the packages, found line by line: this runs at every prompt.
/// What cargo writes has one key a line.
pub fn names(lock: &[u8]) -> impl Iterator<Item = &str> {
    lock.split(|byte| *byte == b'\n')
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
        .filter_map(|line| line.strip_prefix(b"name = \"")?.strip_suffix(b"\""))
        .filter_map(|name| std::str::from_utf8(name).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCK: &str = "version = 4\n\n[[package]]\nname = \"a-sys\"\ndependencies = [\n \"cc 1.0.0\",\n \"name\",\n]\n\n\
                        [[package]]\nname = \"cc\"\n";

    #[test]
    fn lines_tell_the_names_that_the_parser_tells() {
        let lock = Lock::parse(LOCK).expect("a lock file");
        let parsed: Vec<&str> = lock
            .packages
            .iter()
            .map(|package| package.name.as_str())
            .collect();
        assert_eq!(parsed, ["a-sys", "cc"]);
        assert_eq!(names(LOCK.as_bytes()).collect::<Vec<_>>(), parsed);
        assert_eq!(
            names(LOCK.replace('\n', "\r\n").as_bytes()).collect::<Vec<_>>(),
            parsed
        );
    }

    #[test]
    fn a_dependency_may_have_a_version() {
        let lock = Lock::parse(LOCK).expect("a lock file");
        assert!(lock.packages[0].depends_on("cc") && lock.packages[0].depends_on("name"));
        assert!(!lock.packages[0].depends_on("c") && !lock.packages[1].depends_on("cc"));
    }
}
