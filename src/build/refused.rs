//! Options of compilers that make a unit depend on more than can be said, or leave
//! more behind than is known. Pure.

use super::Local;

/// Fails if the option is one of these.
///
/// # Errors
/// The unit is local.
pub fn check(name: &str, value: &str) -> Result<(), Local> {
    let value = value.replace('_', "-");
    let known = ["dep-info", "metadata", "link"];
    let is_refused = match name {
        "-C" => {
            ["incremental=", "save-temps", "profile-generate", "profile-use"]
                .iter()
                .any(|flag| value.starts_with(flag))
                || ["target-cpu=native", "tune-cpu=native"].contains(&value.as_str())
        }
        "--emit" => value.split(',').any(|kind| !known.contains(&kind)),
        "--target" => value.ends_with(".json"),
        "-Z" => {
            let is_directory = value.split('=').next().is_some_and(|flag| flag.ends_with("-dir"));
            let flags = [
                "self-profile",
                "dump-",
                "codegen-backend",
                "profile-emit",
                "tune-cpu",
            ];
            is_directory || flags.iter().any(|flag| value.starts_with(flag))
        }
        "--sysroot" | "--unpretty" => true,
        _ => false,
    };
    match is_refused {
        true => Err(Local::because(format!("it is called with {name} {value}"))),
        false => Ok(()),
    }
}

/// Fails if a variable has a C compiler look at the processor that it runs on.
///
/// # Errors
/// The unit is local.
pub fn in_variable(value: &str) -> Result<(), Local> {
    let is_native = |word: &&str| ["-march=native", "-mcpu=native", "-mtune=native"].contains(word);
    match value.split_whitespace().find(is_native) {
        Some(word) => Err(Local::because(format!("it is called with {word}"))),
        None => Ok(()),
    }
}
