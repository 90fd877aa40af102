//! The context through which every C call reports its outcome, and the one macro
//! through which every C call that can fail is made.

use super::text::collect;
use nix_c_bindings as sys;
use std::ptr::NonNull;

/// An error of libnix, copied out of its context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NixError {
    /// The short message, without position and trace; may hold ANSI colours.
    pub short: String,
    /// The message with all of its trace; may hold ANSI colours.
    pub full: String,
    /// The C++ class, e.g. `nix::UndefinedVarError`; empty if it is not Nix's own.
    pub class: String,
}

impl NixError {
    /// An error that is not libnix's.
    pub(crate) fn ours(message: impl Into<String>) -> NixError {
        let short = message.into();
        NixError {
            full: short.clone(),
            short,
            class: String::new(),
        }
    }
}

impl std::fmt::Display for NixError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.short)
    }
}

impl std::error::Error for NixError {}

/// Owner of a `nix_c_context`. Only [`call!`] uses it.
pub(super) struct Context {
    raw: NonNull<sys::nix_c_context>,
}

impl Context {
    pub(super) fn new() -> Result<Context, NixError> {
        // SAFETY: takes nothing; gives an owned context or NULL.
        let raw = unsafe { sys::nix_c_context_create() };
        NonNull::new(raw)
            .map(|raw| Context { raw })
            .ok_or_else(|| NixError::ours("libnix gave no context"))
    }

    /// The pointer that a C call takes first.
    pub(super) fn raw(&self) -> *mut sys::nix_c_context {
        self.raw.as_ptr()
    }

    /// What the last call with this context came to; clears it.
    pub(super) fn outcome(&self) -> Result<(), NixError> {
        // SAFETY: the context is alive, as `self` owns it.
        let code = unsafe { sys::nix_err_code(self.raw()) };
        if code == sys::nix_err_NIX_OK {
            return Ok(());
        }
        let error = self.copy(code);
        // SAFETY: as above.
        unsafe { sys::nix_clear_err(self.raw()) };
        Err(error)
    }

    fn copy(&self, code: sys::nix_err) -> NixError {
        // A context of its own for the questions, since a question resets the
        // outcome of the context it is asked with.
        let Ok(ask) = Context::new() else {
            return NixError::ours("libnix failed, and gave no context to say why");
        };
        // SAFETY: both contexts are alive; the text is owned by `self` until it is
        // cleared or used again, and `length` tells how much there is.
        let full = unsafe {
            let mut length = 0;
            let start = sys::nix_err_msg(ask.raw(), self.raw(), &mut length);
            bytes(start, length)
        };
        if code != sys::nix_err_NIX_ERR_NIX_ERROR {
            return NixError::ours(full);
        }
        // SAFETY: both contexts are alive; `collect` gives the callback that fits
        // the String behind its pointer, which lives as long as the call.
        let (short, class) = unsafe {
            (
                collect(|callback, data| sys::nix_err_info_msg(ask.raw(), self.raw(), callback, data)),
                collect(|callback, data| sys::nix_err_name(ask.raw(), self.raw(), callback, data)),
            )
        };
        NixError { short, full, class }
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        // SAFETY: created by nix_c_context_create, freed once.
        unsafe { sys::nix_c_context_free(self.raw()) }
    }
}

/// # Safety
/// `start` is NULL or points to `length` bytes.
unsafe fn bytes(start: *const std::ffi::c_char, length: std::ffi::c_uint) -> String {
    if start.is_null() {
        return "libnix failed without a message".to_owned();
    }
    // SAFETY: the caller's claim; u32 fits usize on what Nix runs on.
    let slice = unsafe { std::slice::from_raw_parts(start.cast::<u8>(), length as usize) };
    String::from_utf8_lossy(slice).into_owned()
}

/// Calls a function of the C API with a [`Context`] as its first argument, and
/// gives its result only if the context says that all went well.
///
/// The caller writes `unsafe` around it, and argues for the other arguments.
macro_rules! call {
    ($context:expr, $function:ident($($argument:expr),* $(,)?)) => {{
        let context: &$crate::nix::context::Context = &$context;
        let result = nix_c_bindings::$function(context.raw(), $($argument),*);
        context.outcome().map(|()| result)
    }};
}
pub(super) use call;
