# The hook of nushell: `cargo-nix hook nu | save --force FILE`, FILE being in one
# of $nu.user-autoload-dirs or sourced from config.nu.
#
# Before each prompt, cargo-nix is started once if an environment is applied
# ($env.__CARGO_NIX), if the directory is another one than at the last prompt,
# or if a crate-env.nix is here or above; else nothing is started. What it
# prints, a record of variables, is loaded as a whole or not at all.
#
# What it remembers is a record, in a name of its own as nushell does not tell
# capitals from small letters: nushell hands a record to no child, so that a
# nushell below this one installs the hook for itself.
if ($env.__cargo_nix_hook? | describe | str starts-with record) == false {
    $env.__cargo_nix_hook = {last: "", missed: false}
    $env.config = ($env.config? | default {} | upsert hooks.pre_prompt (
        $env.config?.hooks?.pre_prompt? | default [] | append {||
            let code = $env.LAST_EXIT_CODE?
            let inside = ($env.__CARGO_NIX? | is-not-empty)
            if not $inside and $env.__cargo_nix_hook.last == $env.PWD {
                mut dir = $env.PWD
                while not ($dir | path join crate-env.nix | path exists) {
                    if ($dir | path dirname) == $dir { return }
                    $dir = ($dir | path dirname)
                }
            }
            $env.__cargo_nix_hook.last = $env.PWD

            if (which --all cargo-nix | where type == external | is-empty) {
                if $inside and not $env.__cargo_nix_hook.missed {
                    $env.__cargo_nix_hook.missed = true
                    print --stderr "cargo-nix: the program is no longer on PATH; the variables of the project stay"
                }
                return
            }
            $env.__cargo_nix_hook.missed = false
            let text = (try { ^cargo-nix prompt nu } catch { "" })
            if ($text | is-not-empty) {
                let changes = ($text | from json | transpose name value)
                let gone = ($changes | where value == null | get name)
                # All of it or nothing is loaded: what may fail comes first.
                load-env ($changes | where value != null | transpose --header-row --as-record)
                hide-env --ignore-errors ...$gone
            }
            if $code != null { $env.LAST_EXIT_CODE = $code }
        }
    ))
}
