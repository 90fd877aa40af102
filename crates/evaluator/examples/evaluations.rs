//! Many evaluations through the safe layer, for `make leakcheck`: values, calls,
//! errors, strings that are realised, store paths. Prints the resident memory
//! after a fifth of them and at the end.
//!
//! `evaluations COUNT PER_STATE`: so many, with a new evaluator every PER_STATE.

use cargo_nix_evaluator::nix::{Nix, NixError, State, Store, Value};

fn main() -> Result<(), NixError> {
    let mut arguments = std::env::args()
        .skip(1)
        .map(|text| text.parse().expect("a number"));
    let count: usize = arguments.next().unwrap_or(1000);
    let per_state: usize = arguments.next().unwrap_or(count);
    let nix = Nix::init()?;
    let store = Store::open(&nix)?;
    let mut state = State::new(&nix, &store)?;
    for index in 0..count {
        if index % per_state == per_state - 1 {
            state = State::new(&nix, &store)?;
        }
        evaluate(&state, &store, index)?;
        if index + 1 == count / 5 || index + 1 == count {
            println!("{} evaluations: {} KiB resident", index + 1, resident());
        }
    }
    Ok(())
}

fn evaluate(state: &State, store: &Store, index: usize) -> Result<(), NixError> {
    let function =
        state.evaluate("text: { length = toString (builtins.stringLength text); inherit text; }")?;
    let result = function.call(&Value::string(state, &format!("evaluation {index}"))?)?;
    assert_eq!(result.attribute("text")?.text()?, format!("evaluation {index}"));
    assert_eq!(
        result.attribute("text")?.realise()?,
        format!("evaluation {index}")
    );
    let error = state
        .evaluate("{ a = throw \"no\"; }")?
        .attribute("a")
        .err()
        .expect("a throw");
    assert!(error.short.contains("no"), "{error}");
    assert!(result.attribute("missing").is_err());
    assert!(!store.is_valid(&format!(
        "{}/0123456789abcdfghijklmnpqrsvwxyz-gone",
        store.directory()?
    ))?);
    assert!(store.real_path("nonsense").is_err());
    Ok(())
}

/// In KiB; what the kernel says, 0 where it does not.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok())
        .unwrap_or(0)
}
