# Components under rustup's names: what the adaptors have in common.
{
  # rustup knows some by two names.
  canonical = builtins.replaceStrings [ "-preview" ] [ "" ];

  # What a profile (null: not said) has besides rustc, cargo and std; the
  # documentation is left out.
  ofProfile =
    profile:
    {
      minimal = [ ];
      default = [
        "clippy"
        "rustfmt"
      ];
      complete = [
        "clippy"
        "rustfmt"
        "rust-analyzer"
        "rust-src"
        "llvm-tools"
      ];
    }
    .${if profile == null then "default" else profile};
}
