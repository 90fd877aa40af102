//! Reads a C header with libclang, here and, in `zstd-sys`, in a sandbox.

fn main() {
    println!("cargo::rerun-if-changed=answer.h");
    let out = std::env::var("OUT_DIR").expect("cargo sets OUT_DIR");
    bindgen::builder()
        .header("answer.h")
        .generate()
        .expect("libclang reads the header")
        .write_to_file(format!("{out}/answer.rs"))
        .expect("OUT_DIR can be written to");
}
