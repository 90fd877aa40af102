//! A value of the Nix language. Data goes in and out as JSON text, through
//! `builtins.fromJSON` and `builtins.toJSON`, so only strings, sets and calls are
//! needed here.

use super::context::{NixError, call};
use super::text::{c_string, collect_with};
use super::{State, sys};
use std::ptr::NonNull;

/// A reference to a value, which may be a thunk until something looks at it.
pub struct Value<'state> {
    state: &'state State,
    raw: NonNull<sys::nix_value>,
}

impl<'state> Value<'state> {
    /// A value that is yet to be filled in.
    pub(super) fn new(state: &'state State) -> Result<Value<'state>, NixError> {
        // SAFETY: the state is alive; the reference that comes back is ours.
        let raw = unsafe { call!(*state.context(), nix_alloc_value(state.raw()))? };
        Value::owned(state, raw)
    }

    fn owned(state: &'state State, raw: *mut sys::nix_value) -> Result<Value<'state>, NixError> {
        NonNull::new(raw)
            .map(|raw| Value { state, raw })
            .ok_or_else(|| NixError::ours("libnix gave no value"))
    }

    pub(super) fn raw(&self) -> *mut sys::nix_value {
        self.raw.as_ptr()
    }

    /// A string without context.
    ///
    /// # Errors
    /// `text` holds a NUL byte.
    pub fn string(state: &'state State, text: &str) -> Result<Value<'state>, NixError> {
        let text = c_string(text)?;
        let value = Value::new(state)?;
        // SAFETY: the value is alive and not filled in yet; the text is copied.
        unsafe { call!(*state.context(), nix_init_string(value.raw(), text.as_ptr()))? };
        Ok(value)
    }

    /// Calls this function with `argument`.
    ///
    /// # Errors
    /// What Nix says of the call, or of this not being a function.
    pub fn call(&self, argument: &Value<'state>) -> Result<Value<'state>, NixError> {
        let result = Value::new(self.state)?;
        // SAFETY: all four are alive, and of the same state by their lifetime.
        unsafe {
            call!(
                *self.state.context(),
                nix_value_call(self.state.raw(), self.raw(), argument.raw(), result.raw())
            )?
        };
        Ok(result)
    }

    /// The attribute `name` of this set, evaluated.
    ///
    /// # Errors
    /// This is no set, or has no such attribute, or its evaluation fails.
    pub fn attribute(&self, name: &str) -> Result<Value<'state>, NixError> {
        self.expect(sys::ValueType_NIX_TYPE_ATTRS, "a set")?;
        let text = c_string(name)?;
        // SAFETY: state and value are alive, and the value is a set: the C side
        // only asserts that. The reference that comes back is ours.
        let raw = unsafe {
            call!(
                *self.state.context(),
                nix_get_attr_byname(self.raw(), self.state.raw(), text.as_ptr())
            )?
        };
        Value::owned(self.state, raw)
    }

    /// The text of this string.
    ///
    /// # Errors
    /// This is no string.
    pub fn text(&self) -> Result<String, NixError> {
        self.expect(sys::ValueType_NIX_TYPE_STRING, "a string")?;
        let (text, result) = collect_with(|callback, data| {
            // SAFETY: the value is alive and a string; callback and data belong together.
            unsafe { call!(*self.state.context(), nix_get_string(self.raw(), callback, data)) }
        });
        result.map(|_| text)
    }

    /// Builds or fetches everything that this string refers to; returns the string.
    ///
    /// # Errors
    /// A build or a download failed.
    pub fn realise(&self) -> Result<String, NixError> {
        self.expect(sys::ValueType_NIX_TYPE_STRING, "a string")?;
        // SAFETY: state and value are alive. What comes back is ours to free.
        let raw = unsafe {
            call!(
                *self.state.context(),
                nix_string_realise(self.state.raw(), self.raw(), false)
            )?
        };
        let raw = NonNull::new(raw).ok_or_else(|| NixError::ours("libnix gave no string"))?;
        Ok(Realised { raw }.text())
    }

    fn expect(&self, wanted: sys::ValueType, name: &str) -> Result<(), NixError> {
        // SAFETY: state and value are alive.
        unsafe {
            call!(
                *self.state.context(),
                nix_value_force(self.state.raw(), self.raw())
            )?
        };
        // SAFETY: the value is alive and evaluated.
        let kind = unsafe { call!(*self.state.context(), nix_get_type(self.raw()))? };
        if kind == wanted {
            Ok(())
        } else {
            Err(NixError::ours(format!("expected {name} (type {})", kind.0)))
        }
    }
}

impl Drop for Value<'_> {
    fn drop(&mut self) {
        // SAFETY: this reference is ours and is given back once. That it may fail
        // means only that there is no collector.
        let _ = unsafe { call!(*self.state.context(), nix_value_decref(self.raw())) };
    }
}

struct Realised {
    raw: NonNull<sys::nix_realised_string>,
}

impl Realised {
    fn text(&self) -> String {
        // SAFETY: the buffer belongs to `self` and has as many bytes as it says;
        // it is copied before `self` goes.
        let bytes = unsafe {
            let start = sys::nix_realised_string_get_buffer_start(self.raw.as_ptr());
            let size = sys::nix_realised_string_get_buffer_size(self.raw.as_ptr());
            std::slice::from_raw_parts(start.cast::<u8>(), size)
        };
        String::from_utf8_lossy(bytes).into_owned()
    }
}

impl Drop for Realised {
    fn drop(&mut self) {
        // SAFETY: made by nix_string_realise, freed once.
        unsafe { sys::nix_realised_string_free(self.raw.as_ptr()) }
    }
}
