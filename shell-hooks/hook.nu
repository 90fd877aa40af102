# The hook of nushell: `cargo-nix hook nu | save --force FILE`, FILE being in one
# of $nu.user-autoload-dirs or sourced from config.nu.
#
# Before each prompt, cargo-nix is started once if an environment is applied
# ($env.__CARGO_NIX), if the directory is another one than at the last prompt,
# or if a crate-env.nix is here or above; else nothing is started. What it
# prints, a record of variables, is loaded as a whole or not at all. The program
# is the one that printed this, by its path: PATH may lead into the directory
# that a user has just entered.
#
# What it remembers is a record, in a name of its own as nushell does not tell
# capitals from small letters: nushell hands a record to no child, so that a
# nushell below this one installs the hook for itself.
if ($env.__cargo_nix_hook? | describe | str starts-with record) == false {
    $env.__cargo_nix_hook = {last: "", missed: false, kept: {}}
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

            let program = "@CARGO_NIX@"
            if not ($program | path exists) {
                if $inside and not $env.__cargo_nix_hook.missed {
                    $env.__cargo_nix_hook.missed = true
                    print --stderr $"cargo-nix: ($program) is gone; the variables of the project stay"
                }
                return
            }
            $env.__cargo_nix_hook.missed = false
            let text = (try { ^$program prompt nu } catch { "" })
            if ($text | is-not-empty) {
                # A value that is no text (a number, what ENV_CONVERSIONS makes of a
                # text) is kept as it was, beside the text that children got of it.
                mut kept = $env.__cargo_nix_hook.kept
                mut there = {}
                mut gone = []
                for change in ($text | from json | transpose name value) {
                    let name = $change.name
                    if $name != PATH and $name not-in ($kept | columns) and $name in ($env | columns) {
                        let value = ($env | get $name)
                        if ($value | describe) != string {
                            let text = if $name in ($env.ENV_CONVERSIONS? | default {} | columns) {
                                do ($env.ENV_CONVERSIONS | get $name | get to_string) $value
                            } else {
                                try { $value | into string } catch { null }
                            }
                            $kept = ($kept | upsert $name {text: $text, value: $value})
                        }
                    }
                    if $name in ($kept | columns) and ($kept | get $name | get text) == $change.value {
                        $there = ($there | upsert $name ($kept | get $name | get value))
                        $kept = ($kept | reject $name)
                    } else if $change.value == null {
                        $gone = ($gone | append $name)
                    } else {
                        $there = ($there | upsert $name $change.value)
                    }
                }
                # All of it or nothing is loaded: what may fail comes first.
                load-env $there
                hide-env --ignore-errors ...$gone
                $env.__cargo_nix_hook.kept = $kept
            }
            if $code != null { $env.LAST_EXIT_CODE = $code }
        }
    ))
}
