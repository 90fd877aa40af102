//! An evaluator: libnixexpr's `EvalState`, with the builder it was made by.

use super::context::{Context, NixError, call};
use super::text::c_string;
use super::value::Value;
use super::{Nix, Store, sys};
use std::ptr::NonNull;

/// An evaluator over a store. What it has read stays cached as long as it lives,
/// so a request gets one of its own.
pub struct State {
    context: Context,
    raw: NonNull<sys::EvalState>,
    // Freed after `raw`: before 2.35 the evaluator's settings refer to a member of
    // the builder (its readOnlyMode), though nothing in the header says so.
    _builder: Builder,
    #[cfg(nix_flake_per_state)]
    _flakes: FlakeSettings,
}

impl State {
    /// An evaluator configured by nix.conf and `NIX_CONFIG`, without any
    /// lookup path but `NIX_PATH`'s in impure mode.
    ///
    /// # Errors
    /// What libnix says of its configuration.
    pub fn new(_nix: &Nix, store: &Store) -> Result<State, NixError> {
        let context = Context::new()?;
        let builder = Builder::new(&context, store)?;
        #[cfg(nix_flake_per_state)]
        let flakes = {
            let flakes = FlakeSettings::new(&context)?;
            // SAFETY: both are alive.
            unsafe {
                call!(
                    context,
                    nix_flake_settings_add_to_eval_state_builder(flakes.raw.as_ptr(), builder.raw.as_ptr())
                )?
            };
            flakes
        };
        // SAFETY: the builder is alive and is used for one evaluator only.
        let raw = unsafe { call!(context, nix_eval_state_build(builder.raw.as_ptr()))? };
        let raw = NonNull::new(raw).ok_or_else(|| NixError::ours("libnix gave no evaluator"))?;
        Ok(State {
            context,
            raw,
            _builder: builder,
            #[cfg(nix_flake_per_state)]
            _flakes: flakes,
        })
    }

    pub(super) fn raw(&self) -> *mut sys::EvalState {
        self.raw.as_ptr()
    }

    pub(super) fn context(&self) -> &Context {
        &self.context
    }

    /// Evaluates an expression to weak head normal form; relative paths in it are
    /// relative to `/`.
    ///
    /// # Errors
    /// What Nix says of it.
    pub fn evaluate(&self, expression: &str) -> Result<Value<'_>, NixError> {
        let text = c_string(expression)?;
        let value = Value::new(self)?;
        // SAFETY: state and value are alive, both texts NUL-terminated and read
        // during the call only.
        unsafe {
            call!(
                self.context,
                nix_expr_eval_from_string(self.raw(), text.as_ptr(), c"/".as_ptr(), value.raw())
            )?
        };
        Ok(value)
    }
}

impl Drop for State {
    fn drop(&mut self) {
        // SAFETY: built by nix_eval_state_build, freed once; values borrow `self`,
        // so none is left.
        unsafe { sys::nix_state_free(self.raw()) }
    }
}

struct Builder {
    raw: NonNull<sys::nix_eval_state_builder>,
}

impl Builder {
    fn new(context: &Context, store: &Store) -> Result<Builder, NixError> {
        // SAFETY: the store is alive; the builder takes a reference of its own.
        let raw = unsafe { call!(*context, nix_eval_state_builder_new(store.raw()))? };
        let raw = NonNull::new(raw).ok_or_else(|| NixError::ours("libnix gave no builder"))?;
        let builder = Builder { raw };
        // SAFETY: the builder is alive.
        unsafe { call!(*context, nix_eval_state_builder_load(raw.as_ptr()))? };
        Ok(builder)
    }
}

impl Drop for Builder {
    fn drop(&mut self) {
        // SAFETY: made by nix_eval_state_builder_new, freed once.
        unsafe { sys::nix_eval_state_builder_free(self.raw.as_ptr()) }
    }
}

/// Owner of the settings that switch flakes on (`builtins.getFlake`).
pub(super) struct FlakeSettings {
    raw: NonNull<sys::nix_flake_settings>,
}

impl FlakeSettings {
    fn new(context: &Context) -> Result<FlakeSettings, NixError> {
        // SAFETY: no pointer but the context.
        let raw = unsafe { call!(*context, nix_flake_settings_new())? };
        NonNull::new(raw)
            .map(|raw| FlakeSettings { raw })
            .ok_or_else(|| NixError::ours("libnix gave no settings"))
    }

    /// Switches flakes on for every evaluator of the process.
    #[cfg(not(nix_flake_per_state))]
    pub(super) fn of_the_process(context: &Context) -> Result<FlakeSettings, NixError> {
        let settings = FlakeSettings::new(context)?;
        // SAFETY: the settings are alive; libnix keeps a reference of its own.
        unsafe { call!(*context, nix_flake_init_global(settings.raw.as_ptr()))? };
        Ok(settings)
    }
}

impl Drop for FlakeSettings {
    fn drop(&mut self) {
        // SAFETY: made by nix_flake_settings_new, freed once.
        unsafe { sys::nix_flake_settings_free(self.raw.as_ptr()) }
    }
}
