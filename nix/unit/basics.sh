# shellcheck shell=sh disable=SC2154
# Links to the programs of the machine that every build expects: what nixpkgs'
# stdenv has, without make and the compilers, which crates ask for.
mkdir -p "$out/bin"
for program in \
    '[' b2sum base32 base64 basename cat chgrp chmod chown cksum comm cp csplit cut date dd df dir \
    dirname du echo env expand expr factor false fmt fold head id install join link ln ls md5sum mkdir \
    mkfifo mknod mktemp mv nice nl nohup nproc numfmt od paste pathchk pr printenv printf ptx pwd readlink \
    realpath rm rmdir seq sha1sum sha224sum sha256sum sha384sum sha512sum shred shuf sleep sort split stat \
    stdbuf stty sum sync tac tail tee test timeout touch tr true truncate tsort tty uname unexpand uniq \
    unlink wc whoami yes \
    awk bash bunzip2 bzip2 cmp diff egrep fgrep file find grep gunzip gzip patch sed sh tar unxz xargs xz zcat; do
    # Whether it is there is for the sandbox to say that shows the machine: what
    # this derivation makes is the same everywhere.
    ln -s "/usr/bin/$program" "$out/bin/$program"
done
