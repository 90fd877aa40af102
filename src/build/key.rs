//! The key of a unit: blake3 over its plan, so that whatever enters the
//! derivation enters the key.

use cargo_nix_protocol::UnitAsk;

/// Bumped when units of an earlier form must not be found any more.
const FORM: &str = "cargo-nix unit 2";

/// 64 hex digits. A store path in the plan counts by its name, which is itself
/// a hash over how it is made; from which derivation it came does not count,
/// since that may be forgotten.
pub fn of(plan: &UnitAsk) -> String {
    let mut hasher = blake3::Hasher::new();
    let mut add = |text: &str| {
        hasher.update(&(text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    };
    let UnitAsk {
        name,
        system,
        script,
        arguments,
        variables,
        inputs,
        // Where it is held has nothing to do with what it is.
        root: _,
    } = plan;
    [FORM, name, system, script].into_iter().for_each(&mut add);
    add(&arguments.len().to_string());
    arguments.iter().for_each(|argument| add(argument));
    add(&variables.len().to_string());
    for (name, value) in variables {
        add(name);
        add(value);
    }
    add(&inputs.len().to_string());
    inputs.iter().for_each(|input| add(&input.path));
    hasher.finalize().to_hex().to_string()
}
