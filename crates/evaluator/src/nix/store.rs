//! The store.

use super::context::{Context, NixError, call};
use super::text::{c_string, collect_with};
use super::{Nix, sys};
use std::ptr::NonNull;

/// An open store.
pub struct Store {
    context: Context,
    raw: NonNull<sys::Store>,
}

impl Store {
    /// Opens the store that the configuration and the environment name.
    ///
    /// # Errors
    /// The store's directories cannot be made or written, or its daemon does not answer.
    pub fn open(_nix: &Nix) -> Result<Store, NixError> {
        let context = Context::new()?;
        // SAFETY: NULL means the default store and no parameters.
        let raw = unsafe { call!(context, nix_store_open(std::ptr::null(), std::ptr::null_mut()))? };
        let raw = NonNull::new(raw).ok_or_else(|| NixError::ours("libnix gave no store"))?;
        Ok(Store { context, raw })
    }

    pub(super) fn raw(&self) -> *mut sys::Store {
        self.raw.as_ptr()
    }

    /// `local`, `daemon` and so on.
    pub fn uri(&self) -> Result<String, NixError> {
        let (text, result) = collect_with(|callback, data| {
            // SAFETY: the store is alive; callback and data belong together.
            unsafe { call!(self.context, nix_store_get_uri(self.raw(), callback, data)) }
        });
        result.map(|_| text)
    }

    /// The store directory, e.g. `/nix/store`.
    pub fn directory(&self) -> Result<String, NixError> {
        let (text, result) = collect_with(|callback, data| {
            // SAFETY: as in `uri`.
            unsafe { call!(self.context, nix_store_get_storedir(self.raw(), callback, data)) }
        });
        result.map(|_| text)
    }

    /// Where the store path `path` really lies: elsewhere in a chroot store.
    ///
    /// # Errors
    /// `path` is not a store path.
    pub fn real_path(&self, path: &str) -> Result<String, NixError> {
        let path = self.parse(path)?;
        let (text, result) = collect_with(|callback, data| {
            // SAFETY: store and path are alive; callback and data belong together.
            unsafe {
                call!(
                    self.context,
                    nix_store_real_path(self.raw(), path.raw.as_ptr(), callback, data)
                )
            }
        });
        result.map(|_| text)
    }

    /// Whether the store has `path`, whole.
    ///
    /// # Errors
    /// `path` is not a store path.
    pub fn is_valid(&self, path: &str) -> Result<bool, NixError> {
        let path = self.parse(path)?;
        // SAFETY: store and path are alive.
        unsafe {
            call!(
                self.context,
                nix_store_is_valid_path(self.raw(), path.raw.as_ptr())
            )
        }
    }

    /// Some releases let a C++ exception escape for what is no store path, so
    /// that is found out before.
    fn parse(&self, path: &str) -> Result<StorePath, NixError> {
        let directory = self.directory()?;
        if !is_store_path(&directory, path) {
            return Err(NixError::ours(format!(
                "{path:?} is not a path of the store {directory}"
            )));
        }
        let text = c_string(path)?;
        // SAFETY: the store is alive, the text NUL-terminated and well-formed.
        let raw = unsafe { call!(self.context, nix_store_parse_path(self.raw(), text.as_ptr()))? };
        NonNull::new(raw)
            .map(|raw| StorePath { raw })
            .ok_or_else(|| NixError::ours("libnix gave no store path"))
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        // SAFETY: opened by nix_store_open, freed once; a State holds a reference
        // of its own to what is behind it.
        unsafe { sys::nix_store_free(self.raw()) }
    }
}

/// Owner of a parsed store path.
struct StorePath {
    raw: NonNull<sys::StorePath>,
}

impl Drop for StorePath {
    fn drop(&mut self) {
        // SAFETY: made by nix_store_parse_path, freed once.
        unsafe { sys::nix_store_path_free(self.raw.as_ptr()) }
    }
}

/// `<directory>/<32 characters of Nix's base 32>-<name>`, nothing below it.
fn is_store_path(directory: &str, path: &str) -> bool {
    let base32 = |c: char| c.is_ascii_digit() || (c.is_ascii_lowercase() && !"eotu".contains(c));
    path.strip_prefix(directory)
        .and_then(|rest| rest.strip_prefix('/'))
        .and_then(|base| base.split_once('-'))
        .is_some_and(|(hash, name)| {
            hash.len() == 32
                && hash.chars().all(base32)
                && (1..=211).contains(&name.len())
                && name
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "+-._?=".contains(c))
        })
}

#[cfg(test)]
mod tests {
    use super::is_store_path;

    #[test]
    fn only_whole_store_paths_count() {
        let directory = "/nix/store";
        let good = "/nix/store/0123456789abcdfghijklmnpqrsvwxyz-rustc-1.95.0";
        assert!(is_store_path(directory, good));
        for bad in [
            "",
            "/nix/store",
            "/nix/store/",
            "/nix/store/rustc",
            "/nix/store/0123456789abcdfghijklmnpqrsvwxyz-",
            "/nix/store/0123456789abcdefghijklmnopqrstuv-rustc",
            "/nix/store/0123456789abcdfghijklmnpqrsvwxyz-rustc/bin",
            "/gnu/store/0123456789abcdfghijklmnpqrsvwxyz-rustc",
        ] {
            assert!(!is_store_path(directory, bad), "{bad}");
        }
    }
}
