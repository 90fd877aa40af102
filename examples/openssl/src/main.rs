//! Prints the SHA-256 digest of each argument, and which OpenSSL computed it.

use openssl::{error::ErrorStack, hash::MessageDigest, version};

fn main() -> Result<(), ErrorStack> {
    eprintln!("{}", version::version());
    for argument in std::env::args().skip(1) {
        let digest = openssl::hash::hash(MessageDigest::sha256(), argument.as_bytes())?;
        let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        println!("{hex}  {argument}");
    }
    Ok(())
}
