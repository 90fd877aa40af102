//! Which paths a string mentions. Pure; used on arguments and on the values of
//! variables, neither of which say which of their parts are paths.

use super::Local;
use super::context::HostTree;
use std::path::{Component, Path, PathBuf};

/// Directories that a sandboxed build sees, and the store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Visible {
    /// `/nix/store`.
    pub store_dir: String,
    /// What it shows of the machine.
    pub tree: Option<HostTree>,
}

/// Bytes that end a path in the middle of a string.
const DELIMITERS: &[char] = &[
    '=', ':', ',', ';', ' ', '\t', '\n', '"', '\'', '\x1f', '(', ')', '[', ']', '<', '>',
];

/// What is the same in every sandbox.
const DEVICES: [&str; 5] = [
    "/dev/null",
    "/dev/zero",
    "/dev/full",
    "/dev/random",
    "/dev/urandom",
];

impl Visible {
    /// The store paths (`<store>/<hash>-<name>`, nothing deeper) that `text` mentions.
    pub fn store_paths<'a>(&'a self, text: &'a str) -> impl Iterator<Item = &'a str> {
        let prefix = format!("{}/", self.store_dir);
        let starts: Vec<usize> = text.match_indices(&prefix).map(|(at, _)| at).collect();
        let length = prefix.len();
        starts.into_iter().filter_map(move |at| {
            let name = &text[at + length..];
            let end = name
                .find(|c: char| !(c.is_ascii_alphanumeric() || "+-._?=".contains(c)))
                .unwrap_or(name.len());
            let name = &name[..end];
            let hash = name.split('-').next().unwrap_or_default();
            (hash.len() == 32 && name.len() > 33).then(|| &text[at..at + length + end])
        })
    }

    /// Makes sure that every absolute path in `text` is one that the sandbox
    /// has, or one that does not exist (a flag such as `/O2`, a made-up prefix).
    ///
    /// # Errors
    /// A path of this machine that a sandboxed build would not see.
    pub fn accounted(&self, text: &str, exists: impl Fn(&Path) -> bool) -> Result<(), Local> {
        let is_there = |path: &str| exists(Path::new(path)) && !DEVICES.contains(&path);
        let refused = |path: &&str| *path != "/" && !self.shows(path, &exists) && is_there(path);
        match absolute(text).chain(to_the_end(text)).find(refused) {
            Some(path) => Err(Local::because(format!(
                "it depends on {path}, which is outside of the store"
            ))),
            None => Ok(()),
        }
    }

    /// Makes sure that no absolute path in `text` is one that is not there yet and
    /// could be made: what is made of it in a sandbox goes with the sandbox.
    ///
    /// # Errors
    /// A path below a directory of this machine that a sandboxed build would not see.
    pub fn makes_nothing(&self, text: &str, exists: impl Fn(&Path) -> bool) -> Result<(), Local> {
        let could_be = |path: &&str| {
            let above = Path::new(path).ancestors().find(|above| exists(above));
            let above = above.and_then(Path::to_str).filter(|above| *above != "/");
            above.is_some_and(|above| above != *path && !self.shows(above, &exists))
        };
        // After two slashes is the name of a host.
        let is_path = |path: &&str| !path.starts_with("//");
        match absolute(text).filter(is_path).find(could_be) {
            Some(path) => Err(Local::because(format!(
                "it may make {path}, which is outside of the store"
            ))),
            None => Ok(()),
        }
    }

    /// What must go on not to be there for [`Visible::accounted`] and
    /// [`Visible::makes_nothing`] to find of `text` what they found: of each absolute
    /// path that a sandboxed build would not see, the first part that is not there.
    /// `None` if all of one is there.
    pub fn absent(&self, text: &str, exists: impl Fn(&Path) -> bool) -> Option<Vec<PathBuf>> {
        let hidden = |path: &&str| *path != "/" && !DEVICES.contains(path) && !self.shows(path, &exists);
        let missing = |path: &str| {
            let above = Path::new(path).ancestors().take_while(|above| !exists(above));
            above.last().map(Path::to_path_buf)
        };
        let paths = absolute(text).chain(to_the_end(text)).filter(hidden);
        paths.map(missing).collect()
    }

    /// Whether this absolute path is the same inside of the sandbox.
    pub fn shows(&self, path: &str, exists: impl Fn(&Path) -> bool) -> bool {
        let below =
            |dir: &str| path == dir || path.strip_prefix(dir).is_some_and(|rest| rest.starts_with('/'));
        let escapes = path.split('/').any(|part| part == "..");
        let in_tree = |tree: &HostTree| {
            let is_mounted = tree.mounts.iter().any(|mount| below(mount));
            is_mounted && exists(Path::new(&format!("{}{path}", tree.path)))
        };
        !escapes && (below(&self.store_dir) || self.tree.as_ref().is_some_and(in_tree))
    }
}

/// The absolute paths in `text`: what starts with a slash at its beginning, after a
/// delimiter or another byte that names of files seldom have (or after a one-letter
/// option, as in `-L/usr/lib`).
fn absolute(text: &str) -> impl Iterator<Item = &str> {
    text.split(DELIMITERS).flat_map(|word| {
        let starts = word.match_indices('/').filter(|(at, _)| {
            let before = &word[..*at];
            let is_option = before.starts_with('-') && !before.contains('/');
            begins_after(before) || is_option
        });
        starts.map(|(at, _)| &word[at..])
    })
}

/// Whether a slash after this begins a path: after what goes on a path it does not.
fn begins_after(before: &str) -> bool {
    let goes_on = |c: char| c.is_alphanumeric() || "_-.~/*".contains(c);
    !before.ends_with(goes_on)
}

/// From each place where an absolute path may begin to the end of `text`: a path
/// may hold what otherwise ends one.
fn to_the_end(text: &str) -> impl Iterator<Item = &str> {
    let is_start = |at: &usize| begins_after(&text[..*at]);
    text.match_indices('/')
        .map(|(at, _)| at)
        .filter(is_start)
        .map(|at| &text[at..])
        .filter(|rest| rest.contains(DELIMITERS))
}

/// The paths outside of `root` that relative ones in `text` lead to, as seen from
/// `directory`.
pub fn leaving<'a>(text: &'a str, directory: &'a Path, root: &'a Path) -> impl Iterator<Item = PathBuf> + 'a {
    let words = text.split(DELIMITERS).chain([text]);
    // `../a`, `a/../../b`, `-I../a`
    let paths = words.flat_map(|word| {
        let inner = word.find("..").filter(|at| *at > 0).map(|at| &word[at..]);
        [Some(word), inner]
    });
    paths
        .flatten()
        .filter(|path| !path.starts_with('/') && path.split('/').any(|part| part == ".."))
        .map(|path| plain(&directory.join(path)))
        .filter(move |path| !path.starts_with(root))
}

/// The path without `.` and `..`, links not followed.
pub fn plain(path: &Path) -> PathBuf {
    path.components().fold(PathBuf::new(), |mut plain, part| {
        match part {
            Component::ParentDir => drop(plain.pop()),
            Component::CurDir => {}
            part => plain.push(part),
        }
        plain
    })
}

/// Replaces paths at their boundaries, longest first.
#[derive(Clone, Debug, Default)]
pub struct Rewriter {
    rules: Vec<(String, String)>,
}

impl Rewriter {
    /// From pairs of a path and what stands for it; paths that are not UTF-8
    /// cannot be rewritten and are left out.
    pub fn new(rules: impl IntoIterator<Item = (PathBuf, String)>) -> Rewriter {
        let mut rules: Vec<_> = rules
            .into_iter()
            .filter_map(|(from, to)| Some((from.into_os_string().into_string().ok()?, to)))
            .collect();
        rules.sort_by_key(|(from, _)| std::cmp::Reverse(from.len()));
        Rewriter { rules }
    }

    /// `text` with every occurrence replaced that is a whole path or is
    /// followed by a slash or a delimiter.
    pub fn apply(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        'next: while !rest.is_empty() {
            for (from, to) in &self.rules {
                if let Some(after) = rest.strip_prefix(from.as_str())
                    && (after.is_empty() || after.starts_with(['/', '\\']) || after.starts_with(DELIMITERS))
                {
                    out.push_str(to);
                    rest = after;
                    continue 'next;
                }
            }
            let step = rest.chars().next().map_or(0, char::len_utf8);
            let skip = rest[step..].find('/').map_or(rest.len(), |at| at + step);
            out.push_str(&rest[..skip]);
            rest = &rest[skip..];
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "0123456789abcdfghijklmnpqrsvwxyz";

    fn visible() -> Visible {
        Visible {
            store_dir: "/nix/store".into(),
            tree: Some(HostTree {
                id: "1".into(),
                mounts: vec!["/usr".into(), "/lib".into()],
                path: "/nix/store/tree".into(),
            }),
        }
    }

    #[test]
    fn store_paths_are_found_wherever_they_stand() {
        let text = format!(
            "native=/nix/store/{HASH}-a-1.0/lib:-L/nix/store/{HASH}-b /nix/store/short-c /nix/store/{HASH}-"
        );
        let visible = visible();
        let found: Vec<_> = visible.store_paths(&text).collect();
        assert_eq!(
            found,
            [format!("/nix/store/{HASH}-a-1.0"), format!("/nix/store/{HASH}-b")]
        );
    }

    #[test]
    fn paths_of_the_machine_are_not_accounted_for() {
        let here = [
            "/home",
            "/usr",
            "/lib",
            "/opt/my dir",
            "/nix/store/tree/usr/lib",
            "/nix/store/tree/lib",
        ];
        let exists =
            |path: &Path| here.iter().any(|place| path.starts_with(place)) && !path.ends_with("absent");
        for text in [
            "native=/home/u/lib",
            "/home/u",
            "-L/home/u",
            "a:/home",
            "link-arg=@/home/x",
            "/usr/../home",
            "native=/usr/local/lib",
            "linker=/usr/bin/clang",
            "link-arg=-Wl,-rpath,/usr/local/lib",
            "native=/opt/my dir/lib",
            "user@/home/u",
            "a|/home/u",
            "{/home/u}",
            "c+/home/u",
        ] {
            assert!(visible().accounted(text, exists).is_err(), "{text}");
        }
        for text in [
            "/usr/lib/x86_64-linux-gnu",
            "native=/lib",
            "native=/usr/local/absent",
            "feature=\"a/home\"",
            "/O2",
            "https://example/x",
            "/",
            "a/home/b",
            "./home",
            "*/home",
            "/dev/null",
        ] {
            assert_eq!(visible().accounted(text, exists), Ok(()), "{text}");
        }
    }

    #[test]
    fn what_must_not_come_to_be_is_told() {
        let exists = |path: &Path| {
            ["/", "/home", "/nix/store/tree/usr/lib"]
                .iter()
                .any(|one| path == *one)
        };
        for (text, absent) in [
            ("/data/a/b", &["/data"][..]),
            ("x=/home/a/b:/O2", &["/home/a", "/O2", "/home/a"]),
            ("/usr/lib", &[]),
            ("/dev/null", &[]),
            ("/", &[]),
            ("word", &[]),
        ] {
            let absent: Vec<_> = absent.iter().map(PathBuf::from).collect();
            assert_eq!(visible().absent(text, exists), Some(absent), "{text}");
        }
        assert_eq!(visible().absent("x=/home", exists), None);
    }

    #[test]
    fn what_could_be_made_outside_is_not_accounted_for() {
        let exists = |path: &Path| {
            ["/", "/home", "/usr", "/nix/store/tree/usr"]
                .iter()
                .any(|one| path == *one)
        };
        for text in ["/home/new", "x=/home/a/b/c"] {
            assert!(visible().makes_nothing(text, exists).is_err(), "{text}");
        }
        for text in [
            "/v1/api",
            "/usr/new",
            "/home",
            "a/home/new",
            "https://home/new",
            "word",
        ] {
            assert_eq!(visible().makes_nothing(text, exists), Ok(()), "{text}");
        }
    }

    #[test]
    fn relative_paths_that_leave_the_package_are_found() {
        let (root, directory) = (Path::new("/w/vendor/x"), Path::new("/w/vendor/x/sys"));
        let left = |text: &str| leaving(text, directory, root).collect::<Vec<_>>();
        for (text, path) in [
            ("../../note", "/w/vendor/note"),
            ("a/../../../b", "/w/vendor/b"),
            ("-I../../../libs -O2", "/w/libs"),
            ("a=1:../../b", "/w/vendor/b"),
        ] {
            assert!(left(text).contains(&path.into()), "{text}: {:?}", left(text));
        }
        for text in ["../src", "a..b", "1..2", "/w/../x", "...", "word"] {
            assert!(left(text).is_empty(), "{text}: {:?}", left(text));
        }
    }

    #[test]
    fn rewriting_heeds_boundaries_and_takes_the_longest() {
        let rewriter = Rewriter::new([("/t/a".into(), "/S".into()), ("/t/a/out".into(), "/O".into())]);
        for (from, to) in [
            ("/t/a", "/S"),
            ("/t/a/src/lib.rs", "/S/src/lib.rs"),
            ("x=/t/a/out/gen.rs:/t/a", "x=/O/gen.rs:/S"),
            ("/t/ab /t/a/outer", "/t/ab /S/outer"),
            ("ü/t/a/ü", "ü/S/ü"),
            ("", ""),
        ] {
            assert_eq!(rewriter.apply(from), to, "{from}");
        }
    }
}
