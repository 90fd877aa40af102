# The hook of elvish: eval (cargo-nix hook elvish | slurp), in rc.elv.
#
# Before each prompt, cargo-nix is started once if an environment is applied
# ($E:__CARGO_NIX), if the directory is another one than at the last prompt, or
# if a crate-env.nix is here or above; else nothing is started. What it prints
# is evaluated only if it ended well, so that nothing is applied by halves.
# The program is the one that printed this, by its path: PATH may lead into the
# directory that a user has just entered. elvish has no status of the last
# command that there would be to keep.
#
# A second one would start cargo-nix twice for each prompt. Whether there is one
# is seen among the functions themselves: a variable would outlive `exec elvish`,
# which keeps the process and has no hook yet.
use str

var is-there = {
  var found = $false
  for function $edit:before-readline {
    set found = (or $found (and (eq (kind-of $function) fn) (str:contains $function[body] 'cargo-nix) prompt elvish')))
  }
  put $found
}

if (not ($is-there)) {
  var cargo-nix = @CARGO_NIX@
  var last = ''
  var missed = $false

  var is-in-project = {
    var dir = $pwd
    var found = $false
    while (and (not $found) (not-eq $dir '')) {
      # A pattern, as the functions that look at files have moved between releases.
      set found = (> (count [$dir/crate-env.ni?[nomatch-ok]]) 0)
      set dir = (str:join / [(str:split / $dir)][..-1])
    }
    or $found (> (count [/crate-env.ni?[nomatch-ok]]) 0)
  }

  var at-prompt = {
    if (or (not-eq $E:__CARGO_NIX '') (not-eq $last $pwd) ($is-in-project)) {
      set last = $pwd
      if (has-external $cargo-nix) {
        set missed = $false
        try {
          var text = ((external $cargo-nix) prompt elvish | slurp)
          eval $text
        } catch _ { }
      } elif (and (not-eq $E:__CARGO_NIX '') (not $missed)) {
        set missed = $true
        echo 'cargo-nix: '$cargo-nix' is gone; the variables of the project stay' >&2
      }
    }
  }

  set edit:before-readline = [$at-prompt $@edit:before-readline]
}
