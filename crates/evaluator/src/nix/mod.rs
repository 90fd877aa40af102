//! libnix, safely: one file for each kind of C object, each with one owner that
//! frees it.
//!
//! libnix is initialised once per process, by [`Nix::init`]; everything else is
//! reached from there, and nothing of it leaves the thread that made it.

mod context;
mod state;
mod store;
mod text;
mod value;

pub use context::NixError;
pub use state::State;
pub use store::Store;
pub use value::Value;

use context::{Context, call};
use nix_c_bindings as sys;
use std::ffi::CStr;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicBool, Ordering};
use text::{c_string, collect_with};

/// An initialised libnix. There is one per process, and it stays in its thread:
/// one thread evaluates.
pub struct Nix {
    /// In 2.26 and 2.27 the flake settings belong to the process.
    #[cfg(not(nix_flake_per_state))]
    _flakes: state::FlakeSettings,
    stays_in_its_thread: PhantomData<*const ()>,
}

static TAKEN: AtomicBool = AtomicBool::new(false);

impl Nix {
    /// Reads the configuration (nix.conf, `NIX_CONFIG`) and registers the
    /// fetchers. The environment must be set up before.
    ///
    /// # Errors
    /// What libnix says of its configuration; a second call in one process.
    pub fn init() -> Result<Nix, NixError> {
        if TAKEN.swap(true, Ordering::SeqCst) {
            return Err(NixError::ours("libnix is initialised already"));
        }
        let context = Context::new()?;
        // SAFETY: no other argument than the context; this is the first and only
        // initialisation of the process, by TAKEN.
        unsafe { call!(context, nix_libexpr_init())? };
        #[cfg(nix_verbosity)]
        // SAFETY: no pointers but the context.
        unsafe {
            call!(context, nix_set_verbosity(sys::nix_verbosity_NIX_LVL_TALKATIVE))?
        };
        Ok(Nix {
            #[cfg(not(nix_flake_per_state))]
            _flakes: state::FlakeSettings::of_the_process(&context)?,
            stays_in_its_thread: PhantomData,
        })
    }

    /// The value of a setting as nix.conf would have it, e.g. of `substituters`.
    ///
    /// # Errors
    /// libnix knows no such setting.
    pub fn setting(&self, name: &str) -> Result<String, NixError> {
        let context = Context::new()?;
        let name = c_string(name)?;
        let (text, result) = collect_with(|callback, data| {
            // SAFETY: the name is alive; callback and data belong together.
            unsafe { call!(context, nix_setting_get(name.as_ptr(), callback, data)) }
        });
        result.map(|_| text)
    }

    /// Sets a setting of the store for what is opened from now on.
    ///
    /// # Errors
    /// libnix knows no such setting.
    pub fn set(&self, name: &str, value: &str) -> Result<(), NixError> {
        let context = Context::new()?;
        let (name, value) = (c_string(name)?, c_string(value)?);
        // SAFETY: both texts are alive, and copied by libnix.
        unsafe { call!(context, nix_setting_set(name.as_ptr(), value.as_ptr()))? };
        Ok(())
    }

    /// libnix's version, e.g. `2.26.3`.
    pub fn version(&self) -> String {
        // SAFETY: returns a pointer to a static, NUL-terminated string.
        let text = unsafe { CStr::from_ptr(sys::nix_version_get()) };
        text.to_string_lossy().into_owned()
    }
}
