//! What `built` and `vergen` tell of a build: the member's own script, run in place.

fn main() {
    built::write_built_file().expect("Cargo.lock and the compiler can be read");
    let rustc = vergen::RustcBuilder::default().semver(true).build();
    vergen::Emitter::default()
        .add_instructions(&rustc.expect("what to tell of rustc"))
        .and_then(|emitter| emitter.emit())
        .expect("rustc tells its version");
}
