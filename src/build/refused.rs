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
    let is_native = |word: &&str| {
        let flag = word.strip_prefix("--codegen=").or(word.strip_prefix("-C"));
        let flag = flag.unwrap_or(word).replace('_', "-");
        let of_c = ["-march=native", "-mcpu=native", "-mtune=native"];
        of_c.contains(word) || ["target-cpu=native", "tune-cpu=native"].contains(&&*flag)
    };
    // Cargo has a separator of its own between the flags of rustc.
    let ends = |c: char| c.is_whitespace() || c == '\x1f';
    match value.split(ends).find(is_native) {
        Some(word) => Err(Local::because(format!("it is called with {word}"))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_that_ask_for_this_processor() {
        for value in [
            "-O2 -march=native",
            "-Copt-level=3\x1f-Ctarget-cpu=native",
            "-C\x1ftarget_cpu=native",
            "-C target-cpu=native",
            "--codegen=target-cpu=native",
        ] {
            assert!(in_variable(value).is_err(), "{value}");
        }
        for value in ["-march=x86-64", "-Ctarget-cpu=x86-64-v3", "native"] {
            assert_eq!(in_variable(value), Ok(()), "{value}");
        }
    }
}
