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

    /// libnix's version, e.g. `2.26.3`.
    pub fn version(&self) -> String {
        // SAFETY: returns a pointer to a static, NUL-terminated string.
        let text = unsafe { CStr::from_ptr(sys::nix_version_get()) };
        text.to_string_lossy().into_owned()
    }
}
