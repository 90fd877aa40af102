//! Bindings that libclang made: of a header of ours, and those of `zstd-sys`.

#[allow(dead_code, non_camel_case_types, non_upper_case_globals)]
mod answer {
    include!(concat!(env!("OUT_DIR"), "/answer.rs"));
}

fn said() -> String {
    let answer = answer::answer {
        value: u64::from(answer::ANSWER),
    };
    // SAFETY: the function takes nothing and reads a constant.
    let version = unsafe { zstd_sys::ZSTD_versionNumber() };
    format!("{} {}", answer.value, version / 10_000)
}

fn main() {
    println!("{}", said());
}

#[test]
fn both_bindings() {
    assert_eq!(said(), "42 1");
}
