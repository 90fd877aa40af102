//! protoc reads the service, tonic-build writes it in Rust.

fn main() {
    tonic_prost_build::configure()
        .compile_protos(&["proto/greeting.proto"], &["proto"])
        .expect("protoc reads the service");
}
