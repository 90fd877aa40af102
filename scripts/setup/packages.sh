# shellcheck shell=bash disable=SC2034
# The Debian packages, by what they are for. Only defines arrays.

# To build cargo-nix where libnix is there already, and for examples/openssl.
packages_build=(ca-certificates g++ libclang-dev libssl-dev make pkg-config)

# To build libnix on any Debian.
packages_libnix=(
    bash-static bison bzip2 ca-certificates cmake debian-archive-keyring dpkg-dev flex
    jq libarchive-dev libbrotli-dev libcpuid-dev libcurl4-openssl-dev libgc-dev
    liblowdown-dev libpcre2-dev libreadline-dev libsodium-dev libsqlite3-dev
    libssl-dev libtoml11-dev lowdown nlohmann-json3-dev patch python3 xz-utils
)
packages_libnix_bookworm=(
    libboost-container1.81-dev libboost-context1.81-dev libboost-coroutine1.81-dev
    libboost1.81-dev libhttp-parser-dev python3-venv zlib1g-dev
)
packages_libnix_trixie=(
    libboost-container-dev libboost-context-dev libboost-coroutine-dev libboost-dev
    libboost-url-dev libgit2-dev libseccomp-dev meson
)

# What the tests and the linters run besides Rust, and what members of
# examples/conformance build against.
packages_test=(
    cmake dash direnv elvish fish groff-base libcurl4-openssl-dev libsqlite3-dev procps protobuf-compiler python3-dev
    sccache shellcheck shfmt valgrind zsh
)

# What the projects of `make corpus` build against; scripts/corpus/projects.toml
# says which needs what.
packages_corpus=(
    cmake libclang-dev libcurl4-openssl-dev libdbus-1-dev libsqlite3-dev libssl-dev perl protobuf-compiler python3 python3-dev
    zlib1g-dev
)
