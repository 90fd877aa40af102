//! What a process can be started with. A system that is asked for more says
//! "argument list too long" of the command; here the variable is named that is
//! at fault. Pure but for reading this process's stack limit.

use std::ffi::{OsStr, OsString};

/// The system's limits for `execve`, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Longest single argument or `NAME=value`, with its closing NUL.
    pub single: usize,
    /// All arguments and variables, with their NULs and the pointers to them.
    pub total: usize,
}

impl Limits {
    /// Linux: 32 pages for one string (MAX_ARG_STRLEN); a quarter of the stack
    /// limit, at most 6 MiB and at least 128 KiB, for all (execve(2)).
    #[cfg(target_os = "linux")]
    pub fn of_this_machine() -> Self {
        let stack = rustix::process::getrlimit(rustix::process::Resource::Stack)
            .current
            .unwrap_or(u64::MAX);
        let total = (stack / 4).clamp(128 * 1024, 6 * 1024 * 1024);
        Limits {
            single: 128 * 1024,
            total: usize::try_from(total).unwrap_or(usize::MAX),
        }
    }

    /// macOS and the BSDs: ARG_MAX is 1 MiB, and a single string may have it all.
    #[cfg(not(target_os = "linux"))]
    pub fn of_this_machine() -> Self {
        Limits {
            single: 1024 * 1024,
            total: 1024 * 1024,
        }
    }

    /// What is too big about starting `arguments` with `variables`: a message
    /// with the largest variables, if anything is.
    pub fn excess<'a>(
        self,
        arguments: &[OsString],
        variables: impl Iterator<Item = (&'a OsStr, &'a OsStr)>,
    ) -> Option<String> {
        let pointer = size_of::<usize>();
        let mut sizes: Vec<(usize, &OsStr)> = variables
            .map(|(name, value)| (name.len() + value.len() + 2, name))
            .collect();
        let in_arguments: usize = arguments.iter().map(|word| word.len() + 1 + pointer).sum();
        let in_variables: usize = sizes.iter().map(|(size, _)| size + pointer).sum();
        sizes.sort_unstable_by(|a, b| b.cmp(a));
        let largest = || {
            let named = sizes
                .iter()
                .take(3)
                .map(|(size, name)| format!("{} ({size} bytes)", name.display()));
            named.collect::<Vec<_>>().join(", ")
        };
        if sizes.first().is_some_and(|(size, _)| *size > self.single) {
            return Some(format!(
                "a variable is too big for any program to start: the system allows {} bytes for one\n  \
                 largest: {}; make it shorter in crate-env.nix, or put it into a file and export the file's name",
                self.single,
                largest()
            ));
        }
        if let Some(word) = arguments.iter().find(|word| word.len() + 1 > self.single) {
            return Some(format!(
                "an argument has {} bytes, and the system allows {} for one\n  give it in a file",
                word.len(),
                self.single
            ));
        }
        // The two terminating null pointers, the program's name, and what the
        // kernel adds by itself, rounded up to a page.
        let all = in_arguments + in_variables + 4096;
        (all > self.total).then(|| {
            format!(
                "the environment is too big for any program to start: {in_variables} bytes of variables and \
                 {in_arguments} of arguments, and the system allows {} in all\n  \
                 largest: {}; make them shorter in crate-env.nix, or raise the stack limit (ulimit -s)",
                self.total,
                largest()
            )
        })
    }
}
