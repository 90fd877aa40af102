{ rust, ... }:
"rust"
