# cargo-nix for nixpkgs: the two programs as `make install` lays them out.
{
  lib,
  rustPlatform,
  pkg-config,
  # Any Nix >= 2.26: its C libraries are what is linked.
  nix,
}:
assert lib.assertMsg (lib.versionAtLeast nix.version "2.26") "cargo-nix needs Nix >= 2.26, not ${nix.version}";
rustPlatform.buildRustPackage {
  pname = "cargo-nix";
  inherit ((lib.importTOML ../../Cargo.toml).workspace.package) version;

  # What the build reads, and nothing else: an edit of the docs or the tests
  # builds nothing.
  src = lib.fileset.toSource {
    root = ../..;
    fileset = lib.fileset.unions [
      ../../Cargo.lock
      ../../Cargo.toml
      ../../CHANGELOG.md
      ../../LICENSE-APACHE
      ../../LICENSE-MIT
      ../../README.md
      ../../benches
      ../../build.rs
      ../../crates
      ../../data
      ../../nix
      ../../scripts
      ../../shell-hooks
      ../../src
    ];
  };
  cargoLock.lockFile = ../../Cargo.lock;

  nativeBuildInputs = [
    pkg-config
    rustPlatform.bindgenHook
  ];
  buildInputs = with nix.libs; [
    nix-util-c
    nix-store-c
    nix-expr-c
    nix-flake-c
  ];

  cargoBuildFlags = [ "--workspace" ];
  # The tests want rustup, shells and a store of their own: `make test` has them.
  doCheck = false;

  installPhase = ''
    runHook preInstall
    patchShebangs scripts
    BUILT=target/$cargoBuildType
    [ -x "$BUILT/cargo-nix" ] || BUILT=$(dirname "$(find target -name cargo-nix -type f -perm -100 | head -n 1)")
    BUILT=$PWD/$BUILT HOME=$TMPDIR scripts/install.sh install "" "$out"
    runHook postInstall
  '';

  meta = {
    description = "The environment of a Rust project from crate-env.nix, and stock cargo with it";
    homepage = "https://github.com/cargo-nix/cargo-nix";
    license = with lib.licenses; [
      mit
      asl20
    ];
    mainProgram = "cargo-nix";
    platforms = lib.platforms.unix;
  };
}
